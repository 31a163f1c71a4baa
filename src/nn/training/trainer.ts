/** Training: the loops over epochs and batches, which can stop at any step and go on exactly. */
import { DeviceLostError, NonFiniteError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { Variable } from "../../graph/operation.ts";
import { recovering } from "../../runtime/recover/recovery.ts";
import { Pacer } from "../../runtime/run/pacer.ts";
import { variablesOf } from "../../runtime/run/variables.ts";
import type { MutableLogs, Training } from "../callbacks/callback.ts";
import type { CallbackList } from "../callbacks/callback_list.ts";
import { Evaluator } from "./evaluator.ts";
import { KeptTraining } from "./kept_training.ts";
import { joinNames, measuresOf } from "./objective.ts";
import { type Moment, progressOf } from "./progress.ts";
import { RunningTotals } from "./running_totals.ts";
import { type Compiled, type StepModel, trainStep } from "./step_programs.ts";
import type { OpenSteps, Steps } from "./steps.ts";
import {
  type EpochRecord,
  expectFinite,
  type Logs,
  type Recovery,
  stopIfAsked,
  type TrainerControl,
  type TrainingState,
  type TrainingStatistics,
} from "./training_state.ts";
import { trainingOf } from "./training_view.ts";

/** Steps that say nothing of the pace. */
const WARM_UP_STEPS = 4;

/** What is trained, how, and from where on. */
export interface TrainerParts {
  readonly model: StepModel;
  readonly compiled: Compiled;
  readonly state: TrainingState;
  /** All weights of the model, trained or not. */
  readonly weights: readonly Variable[];
  /** Seconds between two snapshots within an epoch. */
  readonly snapshotSeconds: number | undefined;
}

interface Validation {
  readonly evaluator: Evaluator;
  /** After every so many epochs. */
  readonly every: number;
}

/** At least this long, and this many steps, lie between two readings of the sums. */
const READ_SECONDS = 0.5;
const READ_STEPS = 10;
/** Trains a model from a state on; `state` is up to date whenever `run` ends, however it ends. */
export class Trainer {
  state: TrainingState;
  /** The losses of the device that were made good. */
  readonly recoveries: Recovery[] = [];
  readonly #model: StepModel;
  readonly #compiled: Compiled;
  readonly #data: Steps;
  readonly #sums: RunningTotals;
  readonly #status: Variable;
  readonly #validation: Validation | undefined;
  readonly #kept: KeptTraining;
  #steps = 0;
  #readbacks = 0;

  private constructor(
    { model, compiled, state }: TrainerParts,
    data: Steps,
    sums: RunningTotals,
    status: Variable,
    kept: KeptTraining,
    validation: Validation | undefined,
  ) {
    this.#model = model;
    this.#compiled = compiled;
    this.state = state;
    this.#data = data;
    this.#sums = sums;
    this.#status = status;
    this.#kept = kept;
    this.#validation = validation;
  }

  /** Prepares data and programs of training and validation. On failure nothing stays behind. */
  static async prepare(
    parts: TrainerParts,
    training: OpenSteps,
    validation: { readonly steps: OpenSteps; readonly every: number } | undefined,
  ): Promise<Trainer> {
    const { model, compiled, state, weights, snapshotSeconds } = parts;
    const sums = new RunningTotals(measuresOf(compiled.objectives), "training");
    const status = new Variable({ name: "status", shape: [1], dtype: "int32", trainable: false });
    let data: Steps | undefined;
    let kept: KeptTraining | undefined;
    try {
      data = await training(model.device, (source, batchSize) =>
        trainStep({ model, compiled, sums, status }, source, { batchSize, microBatchSize: state.microBatchSize }),
      );
      const { device } = model;
      const { iteration } = state;
      const { optimizer } = compiled;
      const slots = compiled.slots.flat();
      kept = await KeptTraining.open({ device, optimizer, data, weights, slots, iteration, seconds: snapshotSeconds });
      const evaluator = validation && (await Evaluator.prepare(model, compiled, validation.steps));
      const validated = evaluator && { evaluator, every: validation?.every ?? 1 };
      return new Trainer(parts, data, sums, status, kept, validated);
    } catch (error) {
      kept?.dispose();
      data?.dispose();
      variablesOf(model.device).release([...sums.variables, status]);
      throw error;
    }
  }

  get statistics(): TrainingStatistics {
    const { program, parts = 1 } = this.#data.main ?? {};
    const { dispatches = 0, extraChunks = 0 } = program?.statistics ?? {};
    return {
      steps: this.#steps,
      dispatchesPerStep: dispatches,
      extraChunksPerStep: extraChunks,
      partsPerStep: parts,
      submitsPerStep: 1,
      readbacks: this.#readbacks,
      peakGpuBytes: this.#model.device.memory.peakBytes,
    };
  }

  /**
   * Trains to the end. After a loss of the device it goes on by itself, from the last snapshot on the next device.
   * @throws DeviceLostError with `lastStep` when there is no next one.
   */
  async train(control: TrainerControl): Promise<void> {
    const { device } = this.#model;
    try {
      await recovering(device, () => this.#run(control), {
        check: () => stopIfAsked(control, "fit"),
        progress: () => this.#kept.iteration,
        onRecovered: ({ reason }) =>
          this.recoveries.push({ reason, lastStep: this.#kept.iteration, adapter: device.adapter }),
      });
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error;
      const lastStep = this.#kept.iteration;
      const where = `${error.message}. The model is kept as of step ${lastStep} of its training: fit(…, { resume: true }) goes on from there`;
      throw new DeviceLostError(where, { ...error.details, lastStep }, { cause: error });
    }
  }

  /** Trains from where it stands to the end. */
  async #run(control: TrainerControl): Promise<void> {
    const { callbacks } = control;
    const training = this.#training(control);
    this.state = this.#kept.begin(callbacks) ?? this.state;
    this.#writeSums(this.state.sums);
    variablesOf(this.#model.device).write(this.#status, { shape: [1], data: new Int32Array(1) });
    if (!callbacks.hasBegun) await callbacks.trainBegin(training, this.state.callbacks);
    await this.#keep(callbacks);
    let logs: MutableLogs = {};
    try {
      while (this.state.epoch < this.state.epochs && !this.#isStopping) logs = await this.#epoch(control, training);
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      const known = await this.#afterNonFinite(error, callbacks);
      if (!(await callbacks.nonFinite(known, training))) throw known;
    }
    await this.#takeAverages();
    await callbacks.trainEnd(logs, training);
    // Its last hook may have disposed the model; an abort comes too late here.
    stopIfAsked({ isDisposed: control.isDisposed, signal: undefined }, "fit");
    await this.#keep(callbacks);
  }

  /** Where the training stands, with what callbacks keep: after a loss of the device, where it will go on. */
  place(callbacks: CallbackList): TrainingState {
    return this.#kept.place(this.state, callbacks);
  }

  /** After a failure: brings what was learnt to the host, so that a later loss of the device does not take it. */
  async settle(callbacks: CallbackList): Promise<void> {
    // On a device that is gone or was disposed, the last snapshot is what there is.
    if (this.#kept.isCurrent) await this.#keep(callbacks).catch(() => undefined);
  }

  /** Keeps the training as it stands. @throws NonFiniteError where it is not finite; it stands then where it was kept last. */
  async #keep(callbacks: CallbackList): Promise<void> {
    try {
      await this.#kept.publish(this.state, callbacks);
    } catch (error) {
      if (error instanceof NonFiniteError) this.state = this.#kept.begin(callbacks) ?? this.state;
      throw error;
    }
  }

  /** The error that is true of what is kept: the weights from before a bad step may be what made it bad. */
  async #afterNonFinite(error: NonFiniteError, callbacks: CallbackList): Promise<NonFiniteError> {
    try {
      await this.#keep(callbacks);
      return error;
    } catch (other) {
      if (other instanceof NonFiniteError) return other;
      throw other;
    }
  }

  get #isStopping(): boolean {
    return this.#kept.isStopping(this.state);
  }

  /** What callbacks see and may do. */
  #training({ model }: TrainerControl): Training {
    return trainingOf({
      device: this.#model.device,
      optimizer: this.#compiled.optimizer,
      model,
      steps: this.#data.count ?? 0,
      sums: this.#sums,
      isValidated: this.#validation !== undefined,
      state: () => this.state,
      settle: async () => {
        this.#kept.assertCurrent();
        if (this.state.batch > 0) await this.#keepSums();
      },
      stop: () => this.#kept.stopAfter(this.state),
    });
  }

  /** With `useEma`, the weights' averages take their place once a training has ended, as in Keras. */
  async #takeAverages(): Promise<void> {
    const { optimizer, weights, slots } = this.#compiled;
    const pairs = weights.flatMap((to, index) => {
      const from = optimizer.averageOf(slots[index] ?? []);
      return from === undefined ? [] : [{ from, to }];
    });
    if (pairs.length > 0 && this.state.iteration > 0) await variablesOf(this.#model.device).copy(pairs);
  }

  async #epoch(control: TrainerControl, training: Training): Promise<MutableLogs> {
    const { callbacks } = control;
    const began = performance.now();
    const { batch: first, epoch } = this.state;
    if (first === 0) {
      await control.whileResumed();
      stopIfAsked(control, "fit");
      await callbacks.epochBegin(epoch, training);
    }
    const logs = await this.#trainEpoch(control, training, began).catch(async (error: unknown) => {
      // The steps that were submitted are done on the GPU: their sums belong to the state that a resumed training starts from.
      await this.#keepSums().catch(() => undefined);
      throw error;
    });
    const isDue = this.#validation !== undefined && (epoch + 1) % this.#validation.every === 0;
    const validated = isDue ? await this.#validation?.evaluator.run(control) : undefined;
    const seconds = (performance.now() - began) / 1000;
    const valLogs = Object.entries(validated ?? {}).map(([name, value]) => [joinNames("val", name), value]);
    const results: MutableLogs = { ...logs, ...Object.fromEntries(valLogs) };
    const { records } = this.state;
    const settle = (record: EpochRecord) => {
      this.state = { ...this.state, epoch: epoch + 1, batch: 0, sums: [], records: [...records, record] };
    };
    settle({ epoch: epoch + 1, logs: { ...results }, seconds });
    this.#writeSums([]);
    await callbacks.epochEnd(epoch, results, training);
    const record: EpochRecord = { epoch: epoch + 1, logs: { ...results }, seconds };
    settle(record);
    await callbacks.epochSettled(epoch, results, training);
    await this.#keep(callbacks);
    const progress = progressOf(this.state, this.#data, this.#data.count ?? 0, logs, { time: began, batch: first });
    await control.onProgress?.({ ...progress, ended: record });
    return results;
  }

  /** The steps of an epoch that are still to do; gives its loss and metrics. */
  async #trainEpoch(control: TrainerControl, training: Training, began: number): Promise<Logs> {
    const { batch: first } = this.state;
    const { optimizer } = this.#compiled;
    const { callbacks } = control;
    await this.#data.begin(this.state);
    const pacer = new Pacer(this.#model.device);
    let logs: Logs = {};
    let read = { time: began, batch: first };
    // Kernels compile in the first steps, and those that follow only fill the queue: neither says how fast it goes.
    const warmUp = this.#steps === 0 ? WARM_UP_STEPS : 0;
    let paceFrom: Moment = { time: began, batch: first };
    let isOver = false;
    for (let batch = first; !isOver && !(this.#isStopping && batch > first); batch++) {
      // An epoch that has begun takes a step at least: resuming would begin it a second time.
      if (batch > 0) {
        await control.whileResumed();
        stopIfAsked(control, "fit");
      }
      const step = await this.#data.next();
      if (step === undefined) break;
      await callbacks.batchBegin(batch, training);
      const { iteration } = this.state;
      const feeds = step.feeds(iteration, optimizer.rates(iteration));
      const { isLast } = step;
      const isKept = isLast || this.#kept.isDue;
      const isDue = batch - read.batch >= READ_STEPS && performance.now() - read.time >= READ_SECONDS * 1000;
      this.#kept.assertCurrent();
      this.#steps++;
      if (isKept) {
        this.#readbacks++;
        await this.#kept.step(step.program, feeds, pacer);
        const sums = this.#sumsOf(this.#known());
        this.state = { ...this.state, batch: batch + 1, iteration: iteration + 1, sums };
        logs = this.#logs();
        read = { time: performance.now(), batch };
      } else if (isDue || callbacks.wantsBatchLogs) {
        this.#readbacks++;
        const outputs = await step.program.run(feeds, pacer);
        this.state = { ...this.state, batch: batch + 1, iteration: iteration + 1, sums: this.#sumsOf(outputs) };
        logs = this.#logs();
        read = { time: performance.now(), batch };
      } else {
        step.program.submit(feeds);
        this.state = { ...this.state, batch: batch + 1, iteration: iteration + 1 };
        await pacer.submitted();
      }
      await callbacks.batchEnd(batch, { ...logs }, training);
      if (isKept) await this.#keep(callbacks);
      if (batch + 1 === first + warmUp) paceFrom = { time: performance.now(), batch: batch + 1 };
      const pace = batch + 1 < first + warmUp ? undefined : paceFrom;
      if (!isLast) await control.onProgress?.(progressOf(this.state, this.#data, batch + 1, logs, pace));
      isOver = isLast;
    }
    if (!isOver && this.#isStopping) expectFinite("fit", await this.#keepSums());
    // An epoch that was stopped in its validation has no step left: its results are in the sums that were kept.
    return this.#logs();
  }

  /** The running sums among a step's outputs. @throws NonFiniteError naming the step; the weights are those from before it. */
  #sumsOf(outputs: readonly NdArray[]): number[] {
    const status = outputs.at(-1)?.data[0] ?? 0;
    expectFinite("fit", status);
    return RunningTotals.flatten(outputs.slice(0, -1));
  }

  /** The sums and the status, as the host knows them. */
  #known(): NdArray[] {
    const contents = variablesOf(this.#model.device).contentsOf([...this.#sums.variables, this.#status]);
    return [...contents.values()].filter((array) => array !== undefined);
  }

  /** The means over the epoch so far. */
  #logs(): Logs {
    return this.#sums.logs(this.state.sums, this.#data.samplesOf(this.state.batch));
  }

  /** Reads the sums back, and the status. */
  async #keepSums(): Promise<number> {
    await variablesOf(this.#model.device).keep([...this.#sums.variables, this.#status]);
    const read = this.#known();
    const status = read.at(-1)?.data[0] ?? 0;
    const sums = RunningTotals.flatten(read.slice(0, -1));
    // From the first number that was not finite on nothing has changed: the training stands before that step.
    const undone = status === 0 ? 0 : this.state.iteration - (status - 1);
    const { batch, iteration } = this.state;
    this.state = { ...this.state, sums, batch: batch - undone, iteration: iteration - undone };
    return status;
  }

  #writeSums(sums: readonly number[]): void {
    const store = variablesOf(this.#model.device);
    for (const { variable, array } of this.#sums.arraysOf(sums)) store.write(variable, array);
  }

  dispose(): void {
    this.#kept.dispose();
    this.#validation?.evaluator.dispose();
    this.#data.dispose();
    variablesOf(this.#model.device).release([...this.#sums.variables, this.#status]);
  }
}
