/** What a loss of the device does not take from a training: its variables as they were at a step, kept on the host. */
import { NonFiniteError } from "../../core/errors.ts";
import { isFiniteArray } from "../../core/float32_check.ts";
import type { NdArray } from "../../core/nd_array.ts";
import type { Variable } from "../../graph/operation.ts";
import type { Device } from "../device.ts";
import type { Pacer } from "../run/pacer.ts";
import type { Feeds, Program } from "../run/program.ts";
import { type VariableContents, variablesOf } from "../run/variables.ts";
import { CheckedCopy } from "./checked_copy.ts";

/** A snapshot is due after so many seconds, unless that is too often for what it costs. */
const EVERY_SECONDS = 30;
/** The most of a training's time that snapshots within an epoch may take. */
const MOST_SHARE = 0.01;

/** How often snapshots are taken. */
export interface SnapshotOptions {
  /** Seconds between two; 30 when absent, or more where they would take over 1% of the time. */
  readonly seconds?: number | undefined;
  /** Variables without which there is nothing to go on from once they hold an infinity or NaN; none when absent. */
  readonly finite?: readonly Variable[];
}

/**
 * Snapshots of a work that changes variables step by step. `State` is whatever the work needs to go on from there.
 *
 * A snapshot is a set of arrays that nothing changes any more, so the last one stays whole until the next is complete.
 * It is copied in the submit of a step, comes back through a map together with a checksum that the GPU made, and counts
 * once `publish` was called. At the moment of a loss the variables' contents on the host are put back to it: whoever
 * asks for them then finds all of one step.
 *
 * @example
 * const snapshots = await Snapshots.open<number>(device, program.updated);
 * await recovering(device, async () => {
 *   snapshots.begin();
 *   let step = snapshots.state ?? 0;
 *   if (snapshots.state === undefined) await snapshots.publish(step);
 *   for (; step < steps; step++) {
 *     await program.ready();
 *     snapshots.assertCurrent();
 *     if (snapshots.isDue) {
 *       await snapshots.step(program, feedsOf(step), pacer);
 *       await snapshots.publish(step + 1);
 *     } else {
 *       program.submit(feedsOf(step));
 *       await pacer.submitted();
 *     }
 *   }
 *   await snapshots.publish(step);
 * });
 * snapshots.dispose();
 */
export class Snapshots<State> {
  readonly #device: Device;
  readonly #variables: readonly Variable[];
  /** Those that steps change. */
  readonly #updated: readonly Variable[];
  readonly #seconds: number | undefined;
  readonly #finite: readonly Variable[];
  readonly #copy: CheckedCopy;
  readonly #forget: () => void;
  #latest: { readonly state: State; readonly contents: VariableContents } | undefined;
  #generation: number;
  #takenAt = performance.now();
  /** What the last one took beyond its step, in milliseconds. */
  #cost = 0;

  private constructor(
    device: Device,
    updated: readonly Variable[],
    others: readonly Variable[],
    copy: CheckedCopy,
    { seconds, finite = [] }: SnapshotOptions,
  ) {
    this.#device = device;
    this.#copy = copy;
    this.#updated = updated;
    this.#variables = [...new Set([...updated, ...others])];
    this.#seconds = seconds;
    this.#finite = finite;
    this.#generation = device.generation;
    this.#forget = device.onLoss(() => {
      if (this.#latest !== undefined) variablesOf(device).restore(this.#latest.contents);
    });
  }

  /**
   * @param updated the variables that steps change
   * @param others variables that only the host changes
   * @throws OutOfMemoryError when there is no room for the buffer by which they come back.
   */
  static async open<State>(
    device: Device,
    updated: readonly Variable[],
    others: readonly Variable[] = [],
    options: SnapshotOptions = {},
  ): Promise<Snapshots<State>> {
    return new Snapshots<State>(device, updated, others, await CheckedCopy.make(device, updated), options);
  }

  /** Of the last snapshot; undefined before the first. */
  get state(): State | undefined {
    return this.#latest?.state;
  }

  /** True while what was done since the last `begin` is on the device. */
  get isCurrent(): boolean {
    return this.#device.loss === undefined && this.#device.generation === this.#generation;
  }

  /** @throws DeviceLostError when the device was lost since the last `begin`. */
  assertCurrent(): void {
    this.#device.assertUsable(this.#generation);
  }

  /** Begins, or goes on from the last snapshot, on the device of the moment. */
  begin(): void {
    this.#device.assertUsable();
    this.#generation = this.#device.generation;
  }

  /** True when the next step should be taken by `step`. */
  get isDue(): boolean {
    const every = this.#seconds ?? Math.max(EVERY_SECONDS, this.#cost / 1000 / MOST_SHARE);
    return performance.now() - this.#takenAt >= every * 1000;
  }

  /** Runs the program once and brings the variables back, all in one submit. Nothing counts before `publish`. */
  async step(program: Program, feeds: Feeds, pacer: Pacer): Promise<void> {
    await this.#copy.ready();
    this.assertCurrent();
    const began = performance.now();
    program.submit(feeds, this.#copy);
    await this.#take(pacer);
    if (pacer.expected > 0) this.#cost = Math.max(0, performance.now() - began - pacer.expected);
  }

  /** The host learns what the copies in the last submit hold. */
  async #take(pacer?: Pacer): Promise<void> {
    const store = variablesOf(this.#device);
    const at = store.clock;
    await pacer?.nap();
    const arrays = await this.#copy.read();
    pacer?.finished();
    store.settle(
      this.#updated.map((variable, index) => [variable, arrays[index] as NdArray] as const),
      at,
    );
  }

  /** Brings the variables to the host where it does not know them yet. Nothing counts before `publish`. */
  async settle(): Promise<void> {
    if (variablesOf(this.#device).unknown(this.#updated).length === 0) return;
    await this.#copy.ready();
    this.assertCurrent();
    this.#device.submit("snapshot", (encoder) => this.#copy.encode(encoder));
    await this.#take();
  }

  /**
   * Makes what the variables hold now the last snapshot; reads what the host does not know yet.
   * @throws NonFiniteError naming one of `finite` that is not; then the last snapshot is the one before, and `goBack`
   * leads to it.
   */
  async publish(state: State): Promise<void> {
    this.assertCurrent();
    const store = variablesOf(this.#device);
    await this.settle();
    await store.keep(this.#variables);
    this.assertCurrent();
    const contents = store.contentsOf(this.#variables);
    this.#expectFinite(contents);
    this.#latest = { state, contents };
    this.#takenAt = performance.now();
  }

  #expectFinite(contents: VariableContents): void {
    for (const variable of this.#finite) {
      const array = contents.get(variable);
      // What the last snapshot holds too was looked at then.
      if (array === undefined || array === this.#latest?.contents.get(variable) || isFiniteArray(array)) continue;
      throw new NonFiniteError(`"${variable.name}" holds a number that is not finite`, { variable: variable.name });
    }
  }

  /** Gives the variables, on the device that is there, what they held at the last snapshot. */
  goBack(): void {
    this.assertCurrent();
    const store = variablesOf(this.#device);
    for (const [variable, array] of this.#latest?.contents ?? []) {
      if (array === undefined) store.reset(variable);
      else store.write(variable, array);
    }
  }

  /** Frees the buffer; the variables keep their contents. */
  dispose(): void {
    this.#forget();
    this.#copy.dispose();
  }
}
