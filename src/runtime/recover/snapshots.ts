/**
 * Keeps the state of a training run on the host, so that it survives the loss of the device: its variables at a step.
 */
import { NonFiniteError } from "../../core/errors.ts";
import { isFiniteArray } from "../../core/float32_check.ts";
import type { NdArray } from "../../core/nd_array.ts";
import type { Variable } from "../../graph/operation.ts";
import type { Device } from "../device.ts";
import type { Pacer } from "../run/pacer.ts";
import type { Feeds, Program } from "../run/program.ts";
import { type VariableContents, variablesOf } from "../run/variables.ts";
import { CheckedCopy } from "./checked_copy.ts";

/** The interval between snapshots in seconds, unless they would cost too much time. */
const EVERY_SECONDS = 30;
/** The largest share of training time for snapshots within an epoch. */
const MOST_SHARE = 0.01;

/** Options of `Snapshots`. */
export interface SnapshotOptions {
  /** Seconds between two snapshots. Default: 30, or more if snapshots would take over 1% of the time. */
  readonly seconds?: number | undefined;
  /** Variables that must stay finite: a snapshot with an infinity or NaN in them is rejected. Default: none. */
  readonly finite?: readonly Variable[];
}

/**
 * Snapshots of work that changes variables step by step. `State` is what the work needs to resume.
 *
 * A snapshot is a set of arrays that never change, so the last one stays valid until the next is complete. The arrays
 * are copied in the submit of a step and read back with a checksum that the GPU computes; `publish` makes them the last
 * snapshot. At a loss, the host's contents of all variables are reset to the last snapshot, so they belong to one step.
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
  /** The variables that steps change. */
  readonly #updated: readonly Variable[];
  readonly #seconds: number | undefined;
  readonly #finite: readonly Variable[];
  readonly #copy: CheckedCopy;
  readonly #forget: () => void;
  #latest: { readonly state: State; readonly contents: VariableContents } | undefined;
  #generation: number;
  #takenAt = performance.now();
  /** The time that the last snapshot added to its step, in milliseconds. */
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
   * @param others other variables, which only the host changes
   * @throws OutOfMemoryError when there is no memory for the staging buffer.
   */
  static async open<State>(
    device: Device,
    updated: readonly Variable[],
    others: readonly Variable[] = [],
    options: SnapshotOptions = {},
  ): Promise<Snapshots<State>> {
    return new Snapshots<State>(device, updated, others, await CheckedCopy.make(device, updated), options);
  }

  /** The state of the last snapshot; undefined before the first. */
  get state(): State | undefined {
    return this.#latest?.state;
  }

  /** True if the device has not been lost since the last `begin`. */
  get isCurrent(): boolean {
    return this.#device.loss === undefined && this.#device.generation === this.#generation;
  }

  /** @throws DeviceLostError when the device was lost since the last `begin`. */
  assertCurrent(): void {
    this.#device.assertUsable(this.#generation);
  }

  /** Starts the work, or resumes it from the last snapshot, on the current device. */
  begin(): void {
    this.#device.assertUsable();
    this.#generation = this.#device.generation;
  }

  /** True if the next step should run by `step`. */
  get isDue(): boolean {
    const every = this.#seconds ?? Math.max(EVERY_SECONDS, this.#cost / 1000 / MOST_SHARE);
    return performance.now() - this.#takenAt >= every * 1000;
  }

  /**
   * Runs the program once and copies the variables to the host, in one submit. The snapshot is valid once `publish` is
   * called.
   */
  async step(program: Program, feeds: Feeds, pacer: Pacer): Promise<void> {
    await this.#copy.ready();
    this.assertCurrent();
    const began = performance.now();
    program.submit(feeds, this.#copy);
    await this.#take(pacer);
    if (pacer.expected > 0) this.#cost = Math.max(0, performance.now() - began - pacer.expected);
  }

  /** Stores the copies of the last submit as the host's contents. */
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

  /** Reads the variables that the host does not know. The snapshot is valid once `publish` is called. */
  async settle(): Promise<void> {
    if (variablesOf(this.#device).unknown(this.#updated).length === 0) return;
    await this.#copy.ready();
    this.assertCurrent();
    this.#device.submit("snapshot", (encoder) => this.#copy.encode(encoder));
    await this.#take();
  }

  /**
   * Makes the current contents of the variables the last snapshot; reads those that the host does not know.
   * @throws NonFiniteError naming a variable of `finite` that is not finite. The previous snapshot stays valid;
   * `goBack` restores it.
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
      // Unchanged since the last snapshot, so it was checked then.
      if (array === undefined || array === this.#latest?.contents.get(variable) || isFiniteArray(array)) continue;
      throw new NonFiniteError(`"${variable.name}" holds a number that is not finite`, { variable: variable.name });
    }
  }

  /** Restores the last snapshot on the current device. */
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
