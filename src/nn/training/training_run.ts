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

/** Trains a model from a state on. After a loss of the device `train` may be called again. Dispose it when done. */
export class TrainingRun {
  readonly #parts: TrainingParts;
  readonly #resources: TrainingResources;
  readonly #control: RunControl;
  readonly #steps: StepRunner;
  /** What callbacks see and may do. */
  readonly #training: Training;
  #state: RunState;
  #timings: EpochTimings = beginTimings({ time: 0, batch: 0 }, false);
  /** The epoch's loss and metrics so far, as last read; until its first reading those of the epoch before. */
  #logs: Logs = {};
  /** Those of the last epoch that ended, with validation. */
  #results: MutableLogs = {};

  private constructor(parts: TrainingParts, resources: TrainingResources, start: TrainingState, control: RunControl) {
    this.#parts = parts;
    this.#resources = resources;
    this.#control = control;
    this.#steps = new StepRunner(parts.model.device, resources);
    this.#state = initialRunState(start);
    this.#training = this.#openToCallbacks();
  }

  /** Prepares all that the run needs on the device. On failure nothing stays behind. */
  static async open(
    parts: TrainingParts,
    data: TrainingData,
    start: TrainingState,
    control: RunControl,
  ): Promise<TrainingRun> {
    return new TrainingRun(parts, await openTrainingResources(parts, data), start, control);
  }

  /**
   * Trains to the end, from the last snapshot on, or the start.
   * @throws DeviceLostError when the device was lost; call it again once another one is open.
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

  /** After a failure: brings what was learnt to the host, so that a later loss of the device does not take it. */
  async settle(): Promise<void> {
    // On a device that is gone or was disposed, the last snapshot is what there is.
    if (this.#resources.snapshots.isCurrent) await this.#keep().catch(() => undefined);
  }

  /** Goes back to the last snapshot, for a run that is abandoned while the GPU is at work. */
  abandon(): void {
    const { snapshots } = this.#resources;
    if (!snapshots.isCurrent) return;
    snapshots.goBack();
    this.#goBack();
  }

  /** What a step takes, in milliseconds; 0 until that is known. */
  get expectedStep(): number {
    return this.#steps.expected;
  }

  /** What a checkpoint holds now: of a run whose device is lost, where it will go on. */
  get checkpoint(): TrainingState {
    return this.#resources.snapshots.checkpoint(this.#state, this.#control.callbacks);
  }

  /** Steps of the model's life that a loss of the device does not take. */
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

  /** Enters an epoch at its beginning, or in its middle. */
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

  /** The epoch's results on the validation data, where they are due. */
  async #validate(epoch: number): Promise<Logs> {
    const { evaluator, validatesEvery } = this.#resources;
    if (evaluator === undefined || (epoch + 1) % validatesEvery !== 0) return {};
    const logs = Object.entries(await evaluator.run(this.#control.stop));
    return Object.fromEntries(logs.map(([name, value]) => [joinNames("val", name), value]));
  }

  async #end(): Promise<void> {
    if (this.#state.training.iteration > 0) await takeAverages(this.#parts.model, this.#parts.compiled);
    await this.#control.callbacks.trainEnd(this.#results, this.#training);
    // Its last hook may have disposed the model; an abort comes too late here.
    this.#control.stop.checkDisposal();
    await this.#keep();
  }

  /** Rethrows the error, unless a callback ends the run in peace after a number that was not finite. */
  async #afterFailure(error: unknown): Promise<void> {
    if (this.#control.stop.isOver) throw error;
    // The steps that were submitted are done on the GPU: their sums belong to the state that a resumed run starts from.
    await this.#readSums().catch(() => undefined);
    if (!(error instanceof NonFiniteError)) throw error;
    const known = await this.#keepFinite(error);
    if (!(await this.#control.callbacks.nonFinite(known, this.#training))) throw known;
  }

  /** The error that is true of what is kept: the weights from before a bad step may be what made it bad. */
  async #keepFinite(error: NonFiniteError): Promise<NonFiniteError> {
    try {
      await this.#keep();
      return error;
    } catch (other) {
      if (other instanceof NonFiniteError) return other;
      throw other;
    }
  }

  /** Takes a snapshot. @throws NonFiniteError where weights are not finite; the run is then where it was kept last. */
  async #keep(): Promise<void> {
    try {
      await this.#resources.snapshots.publish(this.#state, this.#control.callbacks);
    } catch (error) {
      if (error instanceof NonFiniteError) this.#goBack();
      throw error;
    }
  }

  /** Goes back to the last snapshot, where there is one, on the device of the moment. */
  #goBack(): void {
    const to = this.#resources.snapshots.begin(this.#control.callbacks);
    if (to !== undefined) this.#advance({ kind: "wentBack", to });
  }

  /** Reads the sums of steps that were only submitted; returns the steps' status. */
  async #readSums(): Promise<number> {
    if (this.#state.unreadSteps === 0) return 0;
    const reading = await this.#resources.results.read();
    this.#advance({ kind: "sumsRead", reading });
    return reading.status;
  }

  /** Resolves once the run is not paused. @throws AbortError, DisposedError when it is to end here. */
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
