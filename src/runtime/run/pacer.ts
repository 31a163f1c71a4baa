import type { Device } from "../../gpu/device.ts";
import { untilGone } from "./staging.ts";

/** Steps shorter than this are kept in flight side by side; longer ones run one at a time where waiting is costly. */
const SHORT_STEP = 15;
/** How much of a step's expected time is slept through before its end is asked for. */
const SLEEP_SHARE = 0.92;
/** The expectation grows by at most this factor from one step to the next. */
const MAX_GROWTH = 1.25;
/** Short steps in flight at most: an adapter stays responsive, and an abort takes hold soon. */
const BOUND = 3;

/**
 * Bounds the steps in flight without reading anything back.
 *
 * In Node a pending GPU promise keeps the main thread busy (Dawn's binding polls in a loop), and on a software adapter
 * that thread is one the kernels could use: there a long step is slept through before its end is asked for.
 */
export class Pacer {
  readonly #device: Device;
  readonly #pending: Promise<void>[] = [];
  /** What a step takes, in milliseconds; 0 until two ends were seen. */
  #expected = 0;
  #lastDone: number | undefined;

  constructor(device: Device) {
    this.#device = device;
  }

  /** What a step takes, in milliseconds; 0 until that is known. */
  get expected(): number {
    return this.#expected;
  }

  /** Call after a submit: waits until fewer than the bound are under way. */
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
      // Where no further step waits for it, nobody hears of it.
      pending.catch(() => undefined);
      this.#pending.push(pending);
      if (this.#pending.length >= BOUND) {
        await this.#pending.shift();
        this.finished();
      }
    }
    this.#device.assertUsable();
  }

  /** Sleeps through most of the step that was just submitted, where that is worth it. */
  async nap(): Promise<void> {
    if (!this.#isPatient) return;
    const rest = this.#expected * SLEEP_SHARE - (performance.now() - (this.#lastDone ?? 0));
    if (rest > 1) await new Promise((resolve) => setTimeout(resolve, rest));
  }

  /** Call when a step was seen to end. */
  finished(): void {
    const now = performance.now();
    // The first step compiles and tells nothing. One slow step must not make all later ones sleep too long.
    const elapsed = this.#lastDone === undefined ? 0 : now - this.#lastDone;
    this.#expected = this.#expected === 0 ? elapsed : Math.min(elapsed, this.#expected * MAX_GROWTH);
    this.#lastDone = now;
  }

  get #isPatient(): boolean {
    return WAITS_BUSILY && this.#expected > SHORT_STEP;
  }

  /** Ends what was begun side by side, before steps go one at a time. */
  async #drain(): Promise<void> {
    await Promise.all(this.#pending.splice(0));
  }
}

const WAITS_BUSILY = "process" in globalThis && !("Deno" in globalThis);
