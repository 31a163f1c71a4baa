import type { Device } from "../../gpu/device.ts";
import { untilGone } from "./staging.ts";

/** Steps shorter than this, in milliseconds, are queued; longer ones run one at a time if waiting is costly. */
const SHORT_STEP = 15;
/** The share of a step's expected time to sleep before waiting for the GPU. */
const SLEEP_SHARE = 0.92;
/** The expected time grows by at most this factor from one step to the next. */
const MAX_GROWTH = 1.25;
/** The most short steps in flight, so that the adapter stays responsive and an abort takes effect soon. */
const BOUND = 3;

/**
 * Limits the number of steps in flight without reading anything back.
 *
 * In Node a pending GPU promise keeps the main thread busy (Dawn's binding polls in a loop), and on a software adapter
 * the kernels need that thread. There the pacer sleeps during most of a long step before it waits for the GPU.
 */
export class Pacer {
  readonly #device: Device;
  readonly #pending: Promise<void>[] = [];
  /** The expected time of a step in milliseconds; 0 until two steps have ended. */
  #expected = 0;
  #lastDone: number | undefined;

  constructor(device: Device) {
    this.#device = device;
  }

  /** The expected time of a step in milliseconds; 0 while unknown. */
  get expected(): number {
    return this.#expected;
  }

  /** Call it after a submit. Waits until fewer steps than the limit are in flight. */
  async submitted(): Promise<void> {
    const { queue } = this.#device.gpu;
    const done = () => untilGone(this.#device, queue.onSubmittedWorkDone());
    if (this.#isPatient) {
      await this.#drain();
      await this.nap();
      await done();
      this.finished();
    } else {
      const pending = done();
      // If no further step awaits it, its rejection is ignored.
      pending.catch(() => undefined);
      this.#pending.push(pending);
      if (this.#pending.length >= BOUND) {
        await this.#pending.shift();
        this.finished();
      }
    }
    this.#device.assertUsable();
  }

  /** Sleeps during most of the step that was just submitted, if the step is long. */
  async nap(): Promise<void> {
    if (!this.#isPatient) return;
    const rest = this.#expected * SLEEP_SHARE - (performance.now() - (this.#lastDone ?? 0));
    if (rest > 1) await new Promise((resolve) => setTimeout(resolve, rest));
  }

  /** Call it when a step has ended. */
  finished(): void {
    const now = performance.now();
    // The first step includes compilation. One slow step must not make all later ones sleep too long.
    const elapsed = this.#lastDone === undefined ? 0 : now - this.#lastDone;
    this.#expected = this.#expected === 0 ? elapsed : Math.min(elapsed, this.#expected * MAX_GROWTH);
    this.#lastDone = now;
  }

  get #isPatient(): boolean {
    return WAITS_BUSILY && this.#expected > SHORT_STEP;
  }

  /** Waits for all queued steps, before steps run one at a time. */
  async #drain(): Promise<void> {
    await Promise.all(this.#pending.splice(0));
  }
}

const WAITS_BUSILY = "process" in globalThis && !("Deno" in globalThis);
