/** The snapshots of a training run: its variables and state, from which it continues after a device loss. */
import { NonFiniteError } from "../../core/errors.ts";
import type { Variable } from "../../graph/operation.ts";
import type { Device } from "../../runtime/device.ts";
import { Snapshots } from "../../runtime/recover/snapshots.ts";
import type { Pacer } from "../../runtime/run/pacer.ts";
import type { Feeds, Program } from "../../runtime/run/program.ts";
import type { CallbackList } from "../callbacks/callback_list.ts";
import type { Optimizer } from "../optimizers/index.ts";
import type { LearningRate } from "../optimizers/schedules.ts";
import type { RunState } from "./run_state.ts";
import type { Steps } from "./steps.ts";
import type { TrainingState } from "./training_state.ts";

/** The parts of a snapshot other than the variables. */
interface Kept {
  readonly state: RunState;
  readonly learningRate: LearningRate;
}

/** The contents and interval of snapshots. */
export interface SnapshotParts {
  readonly device: Device;
  readonly optimizer: Optimizer;
  readonly data: Steps;
  /** All weights of the model, trained or not. */
  readonly weights: readonly Variable[];
  /** The optimizer's state. */
  readonly slots: readonly Variable[];
  /** Seconds between two snapshots within an epoch. */
  readonly seconds: number | undefined;
}

/** @see Snapshots */
export class RunSnapshots {
  readonly #parts: SnapshotParts;
  readonly #snapshots: Snapshots<Kept>;

  private constructor(parts: SnapshotParts, snapshots: Snapshots<Kept>) {
    this.#parts = parts;
    this.#snapshots = snapshots;
  }

  /** @throws OutOfMemoryError if the readback buffer for the variables does not fit. */
  static async open(parts: SnapshotParts): Promise<RunSnapshots> {
    const { device, data, weights, slots, seconds } = parts;
    const options = { seconds, finite: [...weights, ...slots] };
    const snapshots = await Snapshots.open<Kept>(device, data.main?.program.updated ?? [], weights, options);
    return new RunSnapshots(parts, snapshots);
  }

  /** The training state in the last snapshot; undefined before the first. */
  get last(): TrainingState | undefined {
    return this.#snapshots.state?.state.training;
  }

  /** True if the next step should use `step`, followed by `publish`. */
  get isDue(): boolean {
    return this.#snapshots.isDue;
  }

  /** True while the device holds everything done since `begin`. */
  get isCurrent(): boolean {
    return this.#snapshots.isCurrent;
  }

  /** @throws DeviceLostError if the device was lost since `begin`. */
  assertCurrent(): void {
    this.#snapshots.assertCurrent();
  }

  /** Starts on the current device: restores the last snapshot and returns its state. */
  begin(callbacks: CallbackList): RunState | undefined {
    this.#snapshots.begin();
    const kept = this.#snapshots.state;
    if (kept === undefined) return undefined;
    const { optimizer, data } = this.#parts;
    const { state, learningRate } = kept;
    if (typeof learningRate === "number") optimizer.learningRate = learningRate;
    callbacks.restore(state.training.callbacks);
    data.rewind();
    return state;
  }

  /** Restores the variables from the last snapshot, after all submitted work. */
  goBack(): void {
    this.#snapshots.goBack();
  }

  /** Runs a step and reads back the variables. */
  step(program: Program, feeds: Feeds, pacer: Pacer): Promise<void> {
    return this.#snapshots.step(program, feeds, pacer);
  }

  /**
   * Publishes the run's current state as a snapshot.
   * @throws NonFiniteError if a weight or the optimizer's state is not finite. The variables are then restored from the
   * last snapshot, from which `begin` continues.
   */
  async publish(state: RunState, callbacks: CallbackList): Promise<void> {
    const { optimizer, data } = this.#parts;
    const training = { ...state.training, callbacks: callbacks.states() };
    try {
      await this.#snapshots.publish({ state: { ...state, training }, learningRate: optimizer.learningRate });
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      this.#snapshots.goBack();
      throw this.#withSteps(error, training);
    }
    data.mark();
  }

  /** Adds the range of steps in which the error occurred, and the step that the run returned to. */
  #withSteps(error: NonFiniteError, { iteration: step }: TrainingState): NonFiniteError {
    const lastStep = this.last?.iteration;
    if (lastStep === undefined) {
      const advice = "Give the model finite weights (setWeights), or load a save";
      return new NonFiniteError(`fit: before its first step ${error.message}. ${advice}.`, error.details);
    }
    const when = step > lastStep + 1 ? `between step ${lastStep + 1} and step ${step}` : `at step ${step}`;
    return new NonFiniteError(
      `fit: ${when} of this model's training weights or the optimizer's state stopped being finite: ` +
        `${error.message}. The model is kept as of step ${lastStep}, where all were finite. Lower the learning rate, ` +
        "raise the optimizer's epsilon, or clip the gradients (globalClipnorm: 1).",
      { ...error.details, step, lastStep },
    );
  }

  /** The state for a checkpoint; after a device loss, that of the last snapshot. */
  checkpoint({ training }: RunState, callbacks: CallbackList): TrainingState {
    if (this.last !== undefined && !this.isCurrent) return this.last;
    return { ...training, callbacks: callbacks.states() };
  }

  dispose(): void {
    this.#snapshots.dispose();
  }
}
