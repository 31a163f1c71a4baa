/** The snapshots of a training run: its variables, and all else that it goes on from after a loss of its device. */
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

/** What a snapshot holds beside the variables. */
interface Kept {
  readonly state: RunState;
  readonly learningRate: LearningRate;
}

/** What snapshots are taken of, and how often. */
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

  /** @throws OutOfMemoryError when the buffer by which the variables come back does not fit. */
  static async open(parts: SnapshotParts): Promise<RunSnapshots> {
    const { device, data, weights, slots, seconds } = parts;
    const options = { seconds, finite: [...weights, ...slots] };
    const snapshots = await Snapshots.open<Kept>(device, data.main?.program.updated ?? [], weights, options);
    return new RunSnapshots(parts, snapshots);
  }

  /** The run as the last snapshot has it; undefined before the first. */
  get last(): TrainingState | undefined {
    return this.#snapshots.state?.state.training;
  }

  /** True when the next step should be taken by `step`, and be followed by `publish`. */
  get isDue(): boolean {
    return this.#snapshots.isDue;
  }

  /** True while what was done since `begin` is on the device. */
  get isCurrent(): boolean {
    return this.#snapshots.isCurrent;
  }

  /** @throws DeviceLostError when the device was lost since `begin`. */
  assertCurrent(): void {
    this.#snapshots.assertCurrent();
  }

  /** Begins on the device of the moment. Everything goes back to the last snapshot, whose state this returns. */
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

  /** Gives the variables what they held at the last snapshot, once the GPU has done what was submitted. */
  goBack(): void {
    this.#snapshots.goBack();
  }

  /** Takes a step at whose end the host knows the variables. */
  step(program: Program, feeds: Feeds, pacer: Pacer): Promise<void> {
    return this.#snapshots.step(program, feeds, pacer);
  }

  /**
   * Keeps the run as it stands.
   * @throws NonFiniteError where a weight or the optimizer's state is not finite. The variables are then those of the
   * last snapshot, which are; `begin` goes on from there.
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

  /** The error with the steps between which it happened, and the step to which the run went back. */
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

  /** What a checkpoint of the run holds: of a run whose device is lost, what its last snapshot holds. */
  checkpoint({ training }: RunState, callbacks: CallbackList): TrainingState {
    if (this.last !== undefined && !this.isCurrent) return this.last;
    return { ...training, callbacks: callbacks.states() };
  }

  dispose(): void {
    this.#snapshots.dispose();
  }
}
