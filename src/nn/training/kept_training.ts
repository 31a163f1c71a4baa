/** What a training goes on from after a loss of its device: snapshots of its variables, and all that the host knows of the step. */
import { NonFiniteError } from "../../core/errors.ts";
import type { Variable } from "../../graph/operation.ts";
import type { Device } from "../../runtime/device.ts";
import { Snapshots } from "../../runtime/recover/snapshots.ts";
import type { Pacer } from "../../runtime/run/pacer.ts";
import type { Feeds, Program } from "../../runtime/run/program.ts";
import type { CallbackList } from "../callbacks/callback_list.ts";
import type { Optimizer } from "../optimizers/index.ts";
import type { LearningRate } from "../optimizers/schedules.ts";
import type { Steps } from "./steps.ts";
import type { TrainingState } from "./training_state.ts";

/** A snapshot is taken when as many bytes of a stream's batches are held to be given again. */
const MOST_HELD_BYTES = 64 * 2 ** 20;

/** Where a training stands, beside its variables. */
interface Place {
  readonly state: TrainingState;
  readonly learningRate: LearningRate;
  readonly stopAt: number | undefined;
}

/** What is kept, and how often. */
export interface KeptParts {
  readonly device: Device;
  readonly optimizer: Optimizer;
  readonly data: Steps;
  /** All weights of the model, trained or not. */
  readonly weights: readonly Variable[];
  /** The optimizer's state. */
  readonly slots: readonly Variable[];
  /** Steps done before. */
  readonly iteration: number;
  /** Seconds between two snapshots within an epoch. */
  readonly seconds: number | undefined;
}

/** A training's snapshots. It also remembers when a callback asked to stop, for that is part of the place. */
export class KeptTraining {
  readonly #parts: KeptParts;
  readonly #snapshots: Snapshots<Place>;
  readonly #first: number;
  /** The steps of the model's life that were done when a callback asked to stop. */
  #stopAt: number | undefined;

  private constructor(parts: KeptParts, snapshots: Snapshots<Place>) {
    this.#parts = parts;
    this.#first = parts.iteration;
    this.#snapshots = snapshots;
  }

  /** @throws OutOfMemoryError when there is no room for the buffer by which the variables come back. */
  static async open(parts: KeptParts): Promise<KeptTraining> {
    const { device, data, weights, slots, seconds } = parts;
    const finite = [...weights, ...slots];
    const options = { seconds, finite };
    const snapshots = await Snapshots.open<Place>(device, data.main?.program.updated ?? [], weights, options);
    return new KeptTraining(parts, snapshots);
  }

  /** Steps of the model's life that are kept. */
  get iteration(): number {
    return this.#snapshots.state?.state.iteration ?? this.#first;
  }

  /** True when the next step should be taken by `step`, and be published. */
  get isDue(): boolean {
    return this.#snapshots.isDue || this.#parts.data.heldBytes > MOST_HELD_BYTES;
  }

  /** Begins on the device of the moment; after a loss everything goes back to the last snapshot, whose state this gives. */
  begin(callbacks: CallbackList): TrainingState | undefined {
    this.#snapshots.begin();
    const place = this.#snapshots.state;
    if (place === undefined) return undefined;
    const { optimizer, data } = this.#parts;
    const { state, learningRate, stopAt } = place;
    if (typeof learningRate === "number") optimizer.learningRate = learningRate;
    // What asked to stop at this very step asks again.
    if (this.#stopAt !== undefined && this.#stopAt <= state.iteration) this.#stopAt = stopAt;
    callbacks.restore(state.callbacks);
    data.rewind();
    return state;
  }

  /** @throws DeviceLostError when the device was lost since `begin`. */
  assertCurrent(): void {
    this.#snapshots.assertCurrent();
  }

  /** Runs a step with whose end the host knows the variables. */
  step(program: Program, feeds: Feeds, pacer: Pacer): Promise<void> {
    return this.#snapshots.step(program, feeds, pacer);
  }

  /** True while what was done since `begin` is on the device. */
  get isCurrent(): boolean {
    return this.#snapshots.isCurrent;
  }

  /**
   * Keeps the training as it stands.
   * @throws NonFiniteError where a weight or the optimizer's state is not finite. The variables are then those of the last
   * snapshot, which are; `begin` goes on from there.
   */
  async publish(state: TrainingState, callbacks: CallbackList): Promise<void> {
    const { optimizer, data } = this.#parts;
    const place = {
      state: { ...state, callbacks: callbacks.states() },
      learningRate: optimizer.learningRate,
      stopAt: this.#stopAt,
    };
    try {
      await this.#snapshots.publish(place);
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      this.#snapshots.goBack();
      throw this.#withPlace(error, state);
    }
    data.mark();
  }

  /** The error with the steps between which it happened, and the step to which the training went back. */
  #withPlace(error: NonFiniteError, { iteration: step }: TrainingState): NonFiniteError {
    const lastStep = this.#snapshots.state?.state.iteration;
    if (lastStep === undefined) {
      const advice = "Give the model finite weights (setWeights), or load a save";
      return new NonFiniteError(`fit: before its first step ${error.message}. ${advice}.`, error.details);
    }
    const when = step > lastStep + 1 ? `between step ${lastStep + 1} and step ${step}` : `at step ${step}`;
    return new NonFiniteError(
      `fit: ${when} of this model's training weights or the optimizer's state stopped being finite: ${error.message}. The model is kept as of step ${lastStep}, where all were finite. Lower the learning rate, raise the optimizer's epsilon, or clip the gradients (globalClipnorm: 1).`,
      { ...error.details, step, lastStep },
    );
  }

  /** Where the training stands, with what callbacks keep: after a loss, where it will go on. */
  place(state: TrainingState, callbacks: CallbackList): TrainingState {
    const kept = this.#snapshots.state?.state;
    if (kept !== undefined && !this.#snapshots.isCurrent) return kept;
    return { ...state, callbacks: callbacks.states() };
  }

  /** Takes note that a callback asks to stop after the step at hand. */
  stopAfter({ iteration }: TrainingState): void {
    this.#stopAt ??= iteration;
  }

  /** Whether to stop before the next step. */
  isStopping({ iteration }: TrainingState): boolean {
    return this.#stopAt !== undefined && iteration >= this.#stopAt;
  }

  dispose(): void {
    this.#snapshots.dispose();
  }
}
