/** A training run: the loop over epochs and steps, which can stop at any step and resume exactly. */
import { NonFiniteError } from "../../core/errors.ts";
import type { MutableLogs, Training } from "../callbacks/callback.ts";
import type { Logs } from "../metrics/logs.ts";
import type { TrainingStatistics } from "./fit_result.ts";
import { joinNames } from "./objective.ts";
import { type Progress, progressOf } from "./progress.ts";
import type { RunControl } from "./run_control.ts";
import { advance, initialRunState, nextAction, type Outcome, type RunState } from "./run_state.ts";
import { beginTimings, type EpochTimings, type Moment, stepMode, timingsAfterStep } from "./step_policy.ts";
import { StepRunner } from "./step_runner.ts";
import { expectFinite } from "./step_status.ts";
import {
  openTrainingResources,
  type TrainingData,
  type TrainingParts,
  type TrainingResources,
} from "./training_resources.ts";
import type { TrainingState } from "./training_state.ts";
import { trainingOf } from "./training_view.ts";
import { takeAverages } from "./weight_averages.ts";

/** Trains a model starting from a state. After a device loss, `train` may be called again. Dispose it when done. */
export class TrainingRun {
  readonly #parts: TrainingParts;
  readonly #resources: TrainingResources;
  readonly #control: RunControl;
  readonly #steps: StepRunner;
  /** The view of the run that callbacks get. */
  readonly #training: Training;
  #state: RunState;
  #timings: EpochTimings = beginTimings({ time: 0, batch: 0 }, false);
  /** The last loss and metrics read in this epoch; before its first reading, those of the previous epoch. */
  #logs: Logs = {};
  /** The results of the last completed epoch, including validation. */
  #results: MutableLogs = {};

  private constructor(parts: TrainingParts, resources: TrainingResources, start: TrainingState, control: RunControl) {
    this.#parts = parts;
    this.#resources = resources;
    this.#control = control;
    this.#steps = new StepRunner(parts.model.device, resources);
    this.#state = initialRunState(start);
    this.#training = this.#openToCallbacks();
  }

  /** Prepares the run on the device. On failure, frees everything. */
  static async open(
    parts: TrainingParts,
    data: TrainingData,
    start: TrainingState,
    control: RunControl,
  ): Promise<TrainingRun> {
    return new TrainingRun(parts, await openTrainingResources(parts, data), start, control);
  }

  /**
   * Trains to the end, starting from the last snapshot if there is one.
   * @throws DeviceLostError if the device is lost; call it again once a new one is open.
   */
  async train(): Promise<void> {
    await this.#begin();
    try {
      for (let action = nextAction(this.#state); action !== "endRun"; action = nextAction(this.#state)) {
        if (action === "beginEpoch") await this.#beginEpoch();
        else if (action === "step") await this.#step();
        else await this.#endEpoch();
      }
    } catch (error) {
      await this.#afterFailure(error);
    }
    await this.#end();
  }

  /** After a failure, takes a snapshot so that a later device loss does not lose the progress. */
  async settle(): Promise<void> {
    // If the device was lost or disposed, only the last snapshot remains.
    if (this.#resources.snapshots.isCurrent) await this.#keep().catch(() => undefined);
  }

  /** Returns to the last snapshot, for a run that is abandoned while the GPU is busy. */
  abandon(): void {
    const { snapshots } = this.#resources;
    if (!snapshots.isCurrent) return;
    snapshots.goBack();
    this.#goBack();
  }

  /** The expected duration of a step in milliseconds; 0 until known. */
  get expectedStep(): number {
    return this.#steps.expected;
  }

  /** The state for a checkpoint; after a device loss, the state to continue from. */
  get checkpoint(): TrainingState {
    return this.#resources.snapshots.checkpoint(this.#state, this.#control.callbacks);
  }

  /** The model's step count that a device loss would return to. */
  get keptSteps(): number {
    return (this.#resources.snapshots.last ?? this.#state.training).iteration;
  }

  get statistics(): TrainingStatistics {
    return this.#steps.statistics;
  }

  dispose(): void {
    this.#resources.dispose();
  }

  async #begin(): Promise<void> {
    const { callbacks } = this.#control;
    const { results } = this.#resources;
    this.#goBack();
    const { training } = this.#state;
    results.begin(training.sums);
    if (!callbacks.hasBegun) await callbacks.trainBegin(this.#training, training.callbacks);
    await this.#keep();
    if (this.#state.phase !== "betweenEpochs") await this.#enterEpoch(this.#now());
  }

  async #beginEpoch(): Promise<void> {
    const now = this.#now();
    const { epoch, batch } = this.#state.training;
    this.#advance({ kind: "epochBegun" });
    if (batch === 0) {
      await this.#untilWanted();
      await this.#control.callbacks.epochBegin(epoch, this.#training);
    }
    await this.#enterEpoch(now);
  }

  /** Enters an epoch at its start or in the middle. */
  async #enterEpoch(now: Moment): Promise<void> {
    this.#timings = beginTimings(now, this.#steps.statistics.steps > 0);
    this.#steps.begin();
    await this.#resources.data.begin(this.#state.training);
  }

  async #step(): Promise<void> {
    const { callbacks } = this.#control;
    const { data, snapshots } = this.#resources;
    const { batch } = this.#state.training;
    this.#advance({ kind: "stepBegun" });
    // `beginEpoch` has waited before the first one.
    if (batch > 0) await this.#untilWanted();
    const step = await data.next();
    if (step === undefined) return this.#advance({ kind: "stepsExhausted" });
    await callbacks.batchBegin(batch, this.#training);
    const { isLast } = step;
    const { iteration } = this.#state.training;
    const mode = stepMode({
      isLast,
      isSnapshotDue: snapshots.isDue,
      heldBytes: data.heldBytes,
      wantsLogs: callbacks.wantBatchLogs(iteration + 1),
      lastRead: this.#timings.lastRead,
      now: this.#now(),
    });
    const feeds = step.feeds(iteration, this.#parts.compiled.optimizer.rates(iteration));
    const reading = await this.#steps.take(step.program, feeds, mode);
    this.#advance({ kind: "stepTaken", isLast, reading });
    await this.#steps.pace(mode);
    if (reading !== undefined) {
      expectFinite("fit", reading.status);
      this.#logs = this.#means();
      this.#timings = { ...this.#timings, lastRead: this.#now(batch) };
    }
    await callbacks.batchEnd(batch, { ...this.#logs }, this.#training);
    if (mode === "snapshot") await this.#keep();
    this.#timings = timingsAfterStep(this.#timings, this.#now(batch + 1));
    if (!isLast) await this.#tell(this.#progress(this.#timings.paceFrom, batch + 1));
  }

  async #endEpoch(): Promise<void> {
    const { callbacks } = this.#control;
    const { data, results } = this.#resources;
    const { epoch } = this.#state.training;
    const { began } = this.#timings;
    expectFinite("fit", await this.#readSums());
    const logs = this.#means();
    const ended: MutableLogs = { ...logs, ...(await this.#validate(epoch)) };
    const seconds = (performance.now() - began.time) / 1000;
    this.#advance({ kind: "epochEnded", logs: { ...ended }, seconds });
    results.writeSums([]);
    await callbacks.epochEnd(epoch, ended, this.#training);
    this.#advance({ kind: "logsCompleted", logs: { ...ended } });
    await callbacks.epochSettled(epoch, ended, this.#training);
    await this.#keep();
    this.#results = ended;
    this.#logs = logs;
    const record = this.#state.training.records.at(-1);
    await this.#tell({ ...this.#progress(began, data.count ?? 0), ...(record && { ended: record }) });
  }

  async #tell(progress: Progress): Promise<void> {
    const { onProgress, stop } = this.#control;
    if (onProgress !== undefined) await stop.call(() => onProgress(progress));
  }

  /** The epoch's results on the validation data, if validation is due. */
  async #validate(epoch: number): Promise<Logs> {
    const { evaluator, validatesEvery } = this.#resources;
    if (evaluator === undefined || (epoch + 1) % validatesEvery !== 0) return {};
    const logs = Object.entries(await evaluator.run(this.#control.stop));
    return Object.fromEntries(logs.map(([name, value]) => [joinNames("val", name), value]));
  }

  async #end(): Promise<void> {
    if (this.#state.training.iteration > 0) await takeAverages(this.#parts.model, this.#parts.compiled);
    await this.#control.callbacks.trainEnd(this.#results, this.#training);
    // The last hook may have disposed the model; an abort no longer matters here.
    this.#control.stop.checkDisposal();
    await this.#keep();
  }

  /** Rethrows the error, unless a callback handles a non-finite value by stopping the run. */
  async #afterFailure(error: unknown): Promise<void> {
    if (this.#control.stop.isOver) throw error;
    // The submitted steps have run, so their sums belong to the state that a resumed run starts from.
    await this.#readSums().catch(() => undefined);
    if (!(error instanceof NonFiniteError)) throw error;
    const known = await this.#keepFinite(error);
    if (!(await this.#control.callbacks.nonFinite(known, this.#training))) throw known;
  }

  /** The error that describes the kept weights: those from before a bad step may already be non-finite. */
  async #keepFinite(error: NonFiniteError): Promise<NonFiniteError> {
    try {
      await this.#keep();
      return error;
    } catch (other) {
      if (other instanceof NonFiniteError) return other;
      throw other;
    }
  }

  /**
   * Takes a snapshot. @throws NonFiniteError if weights are not finite; the run has then returned to the last snapshot.
   */
  async #keep(): Promise<void> {
    try {
      await this.#resources.snapshots.publish(this.#state, this.#control.callbacks);
    } catch (error) {
      if (error instanceof NonFiniteError) this.#goBack();
      throw error;
    }
  }

  /** Returns to the last snapshot, if any, on the current device. */
  #goBack(): void {
    const to = this.#resources.snapshots.begin(this.#control.callbacks);
    if (to !== undefined) this.#advance({ kind: "wentBack", to });
  }

  /** Reads the sums of submitted steps; returns their status. */
  async #readSums(): Promise<number> {
    if (this.#state.unreadSteps === 0) return 0;
    const reading = await this.#resources.results.read();
    this.#advance({ kind: "sumsRead", reading });
    return reading.status;
  }

  /** Resolves once the run is not paused. @throws AbortError, DisposedError if the run must end here. */
  async #untilWanted(): Promise<void> {
    await this.#control.whileResumed();
    this.#control.stop.check();
  }

  #advance(outcome: Outcome): void {
    this.#state = advance(this.#state, outcome);
  }

  #now(batch = this.#state.training.batch): Moment {
    return { time: performance.now(), batch };
  }

  /** Loss and metrics over the epoch so far. */
  #means(): Logs {
    const { data, results } = this.#resources;
    const { sums, batch } = this.#state.training;
    return results.sums.logs(sums, data.samplesOf(batch));
  }

  #progress(paceFrom: Moment | undefined, batch: number) {
    return progressOf(this.#state.training, this.#resources.data, this.#logs, paceFrom, this.#now(batch));
  }

  #openToCallbacks(): Training {
    const { data, results, snapshots, evaluator } = this.#resources;
    return trainingOf({
      device: this.#parts.model.device,
      optimizer: this.#parts.compiled.optimizer,
      model: this.#control.model,
      steps: data.count ?? 0,
      sums: results.sums,
      isValidated: evaluator !== undefined,
      state: () => this.#state.training,
      settle: async () => {
        snapshots.assertCurrent();
        await this.#readSums();
      },
      stop: () => this.#advance({ kind: "stopRequested" }),
    });
  }
}
