/** The loops over epochs and batches: training that can stop at any step and go on exactly, and evaluation. */
import { AbortError, DisposedError, NonFiniteError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { Random } from "../core/random.ts";
import type { Dataset } from "../data/dataset.ts";
import { Variable } from "../graph/operation.ts";
import { Pacer } from "../runtime/pacer.ts";
import { variablesOf } from "../runtime/variables.ts";
import { DeviceDataset } from "./device_dataset.ts";
import {
  type Compiled,
  evaluateStep,
  RunningSums,
  type StepModel,
  type StepProgram,
  trainStep,
} from "./step_programs.ts";

/** Streams of random numbers for permutations begin here; weights and dropout use lower ones. */
const PERMUTATION_STREAM = 0x40000000;

/** Results by name: `loss`, then the metrics, then the same with `val` before them. */
export type Logs = Readonly<Record<string, number>>;

/** One epoch's results. */
export interface EpochRecord {
  /** From 1 on. */
  readonly epoch: number;
  readonly logs: Logs;
  readonly seconds: number;
}

/** Where a training stands: with the weights and the optimizer's state, all that is needed to go on exactly. */
export interface TrainingState {
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  /** Epochs done. */
  readonly epoch: number;
  /** Steps done in the current epoch. */
  readonly batch: number;
  /** Steps done in the model's life. */
  readonly iteration: number;
  /** Sums of loss and metrics over the current epoch so far. */
  readonly sums: readonly number[];
  readonly size: number;
  readonly records: readonly EpochRecord[];
}

/** What a progress callback learns after a step. */
export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  readonly batches: number;
  /** Loss and metrics of the epoch so far, as last read; empty before the first reading. */
  readonly logs: Logs;
  readonly samplesPerSecond: number;
  /** Until the end of the last epoch, validation not counted. */
  readonly secondsLeft: number;
  /** Set when an epoch has ended, validation included. */
  readonly ended?: EpochRecord;
}

/** What a training did on the GPU, as numbers. */
export interface TrainingStatistics {
  readonly steps: number;
  readonly dispatchesPerStep: number;
  /** Dispatches per step beyond these that only the watchdog limit forces. */
  readonly extraChunksPerStep: number;
  readonly submitsPerStep: number;
  readonly readbacks: number;
  readonly peakGpuBytes: number;
}

/** How a training is steered from outside. */
export interface TrainerControl {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void | Promise<void>) | undefined;
  /** Resolves at once unless the training is paused. */
  readonly whileResumed: () => Promise<void>;
  readonly isDisposed: () => boolean;
}

/** At least this long, and this many steps, lie between two readings of the sums. */
const READ_SECONDS = 0.5;
const READ_STEPS = 10;

/** The order of the rows in an epoch: a pure function of seed and epoch, so that it need not be saved. */
function epochOrder(size: number, { seed, shuffle }: TrainingState, epoch: number): Int32Array {
  if (!shuffle) return Int32Array.from({ length: size }, (_, index) => index);
  return new Random(seed, PERMUTATION_STREAM + epoch).permutation(size);
}

/** A batch program, and one for the smaller last batch. */
class Batches {
  readonly size: number;
  readonly count: number;
  readonly #batchSize: number;
  readonly #whole: StepProgram | undefined;
  readonly #rest: StepProgram | undefined;

  private constructor(size: number, batchSize: number, whole: StepProgram | undefined, rest: StepProgram | undefined) {
    this.size = size;
    this.count = Math.ceil(size / batchSize);
    this.#batchSize = batchSize;
    this.#whole = whole;
    this.#rest = rest;
  }

  static async prepare(
    size: number,
    batchSize: number,
    make: (batchSize: number) => Promise<StepProgram>,
  ): Promise<Batches> {
    const whole = size >= batchSize ? await make(batchSize) : undefined;
    try {
      const rest = size % batchSize === 0 ? undefined : await make(size % batchSize);
      return new Batches(size, batchSize, whole, rest);
    } catch (error) {
      whole?.program.dispose();
      throw error;
    }
  }

  at(batch: number): { readonly step: StepProgram; readonly position: number } {
    const position = batch * this.#batchSize;
    const step = position + this.#batchSize <= this.size ? this.#whole : this.#rest;
    return { step: step as StepProgram, position };
  }

  get main(): StepProgram {
    return (this.#whole ?? this.#rest) as StepProgram;
  }

  dispose(): void {
    this.#whole?.program.dispose();
    this.#rest?.program.dispose();
  }
}

/** Evaluates on a data set that stays on the GPU. */
export class Evaluator {
  readonly #model: StepModel;
  readonly #names: readonly string[];
  readonly #data: DeviceDataset;
  readonly #sums: RunningSums;
  readonly #batches: Batches;

  private constructor(
    model: StepModel,
    names: readonly string[],
    data: DeviceDataset,
    sums: RunningSums,
    batches: Batches,
  ) {
    this.#model = model;
    this.#names = names;
    this.#data = data;
    this.#sums = sums;
    this.#batches = batches;
  }

  static async prepare(
    model: StepModel,
    compiled: Pick<Compiled, "loss" | "metrics">,
    dataset: Dataset,
    batchSize: number,
  ): Promise<Evaluator> {
    const names = ["loss", ...compiled.metrics.map((metric) => metric.name)];
    const data = new DeviceDataset(model.device, dataset, "evaluation data");
    const sums = new RunningSums(names, "evaluation");
    try {
      const batches = await Batches.prepare(dataset.size, batchSize, (size) =>
        evaluateStep(model, compiled, data, sums, size),
      );
      return new Evaluator(model, names, data, sums, batches);
    } catch (error) {
      data.dispose();
      variablesOf(model.device).release(sums.variables);
      throw error;
    }
  }

  async run(control: Pick<TrainerControl, "signal" | "isDisposed">): Promise<Logs> {
    const { device } = this.#model;
    const store = variablesOf(device);
    for (const variable of this.#sums.variables) store.write(variable, { shape: [], data: new Float32Array(1) });
    const pacer = new Pacer(device);
    for (let batch = 0; batch < this.#batches.count; batch++) {
      stopIfAsked(control, "evaluate");
      const { step, position } = this.#batches.at(batch);
      step.program.submit(step.feeds({ position, iteration: 0, rates: [0, 0, 0, 0] }));
      await pacer.submitted();
    }
    const totals = await store.read(this.#sums.variables);
    return Object.fromEntries(
      this.#names.map((name, index) => [name, (totals[index]?.data[0] ?? 0) / this.#batches.size]),
    );
  }

  dispose(): void {
    this.#batches.dispose();
    this.#data.dispose();
    variablesOf(this.#model.device).release(this.#sums.variables);
  }
}

function stopIfAsked({ signal, isDisposed }: Pick<TrainerControl, "signal" | "isDisposed">, what: string): void {
  if (isDisposed()) throw new DisposedError(`${what}: the model was disposed meanwhile; it stopped at a whole step`);
  if (signal?.aborted === true) {
    throw new AbortError(`${what}: stopped by its AbortSignal, at a whole step`, { reason: signal.reason });
  }
}

/** Trains a model from a state on; `state` is up to date whenever `run` ends, however it ends. */
export class Trainer {
  state: TrainingState;
  readonly #model: StepModel;
  readonly #compiled: Compiled;
  readonly #names: readonly string[];
  readonly #data: DeviceDataset;
  readonly #sums: RunningSums;
  readonly #status: Variable;
  readonly #batches: Batches;
  readonly #validation: Evaluator | undefined;
  #steps = 0;
  #readbacks = 0;
  #trainingSeconds = 0;

  private constructor(
    parts: { readonly model: StepModel; readonly compiled: Compiled; readonly state: TrainingState },
    data: DeviceDataset,
    sums: RunningSums,
    status: Variable,
    batches: Batches,
    validation: Evaluator | undefined,
  ) {
    this.#model = parts.model;
    this.#compiled = parts.compiled;
    this.state = parts.state;
    this.#names = ["loss", ...parts.compiled.metrics.map((metric) => metric.name)];
    this.#data = data;
    this.#sums = sums;
    this.#status = status;
    this.#batches = batches;
    this.#validation = validation;
  }

  /** Uploads the data and compiles the training, last-batch and validation programs. On failure nothing stays behind. */
  static async prepare(
    parts: { readonly model: StepModel; readonly compiled: Compiled; readonly state: TrainingState },
    dataset: Dataset,
    validation: Dataset | undefined,
  ): Promise<Trainer> {
    const { model, compiled, state } = parts;
    const data = new DeviceDataset(model.device, dataset, "training data");
    const sums = new RunningSums(["loss", ...compiled.metrics.map((metric) => metric.name)], "training");
    const status = new Variable({ name: "status", shape: [1], dtype: "int32", trainable: false });
    let batches: Batches | undefined;
    try {
      batches = await Batches.prepare(dataset.size, state.batchSize, (size) =>
        trainStep(model, compiled, data, sums, status, size),
      );
      const evaluator = validation && (await Evaluator.prepare(model, compiled, validation, state.batchSize));
      return new Trainer(parts, data, sums, status, batches, evaluator);
    } catch (error) {
      batches?.dispose();
      data.dispose();
      variablesOf(model.device).release([...sums.variables, status]);
      throw error;
    }
  }

  get statistics(): TrainingStatistics {
    const { dispatches, extraChunks } = this.#batches.main.program.statistics;
    return {
      steps: this.#steps,
      dispatchesPerStep: dispatches,
      extraChunksPerStep: extraChunks,
      submitsPerStep: 1,
      readbacks: this.#readbacks,
      peakGpuBytes: this.#model.device.memory.peakBytes,
    };
  }

  async run(control: TrainerControl): Promise<void> {
    this.#writeSums(this.state.sums);
    variablesOf(this.#model.device).write(this.#status, { shape: [1], data: new Int32Array(1) });
    while (this.state.epoch < this.state.epochs) await this.#epoch(control);
  }

  async #epoch(control: TrainerControl): Promise<void> {
    const began = performance.now();
    const { epoch, batch: first } = this.state;
    this.#data.setOrder(epochOrder(this.#batches.size, this.state, epoch));
    const pacer = new Pacer(this.#model.device);
    let logs: Logs = {};
    let lastRead = { time: performance.now(), step: first };
    try {
      for (let batch = first; batch < this.#batches.count; batch++) {
        await control.whileResumed();
        stopIfAsked(control, "fit");
        const { step, position } = this.#batches.at(batch);
        const { iteration } = this.state;
        const feeds = step.feeds({ position, iteration, rates: this.#compiled.optimizer.rates(iteration) });
        const isLast = batch + 1 === this.#batches.count;
        const isDue = batch - lastRead.step >= READ_STEPS && performance.now() - lastRead.time >= READ_SECONDS * 1000;
        if (isLast || isDue) {
          const outputs = await step.program.run(feeds);
          this.#readbacks++;
          lastRead = { time: performance.now(), step: batch };
          this.#advance(batch + 1);
          logs = this.#logs(outputs, position + step.batchSize);
        } else {
          step.program.submit(feeds);
          this.#advance(batch + 1);
          await pacer.submitted();
        }
        const seconds = (performance.now() - began) / 1000;
        if (!isLast)
          await control.onProgress?.(this.#progress(batch + 1, logs, seconds, position + step.batchSize, first));
      }
    } finally {
      // However the loop ended, the steps that were submitted are done on the GPU: keep their sums with the state.
      await this.#keepSums().catch(() => undefined);
    }
    this.#trainingSeconds += (performance.now() - began) / 1000;
    const validated = this.#validation && (await this.#validation.run(control));
    const seconds = (performance.now() - began) / 1000;
    const valLogs = Object.entries(validated ?? {}).map(([name, value]) => [
      `val${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      value,
    ]);
    const record: EpochRecord = { epoch: epoch + 1, logs: { ...logs, ...Object.fromEntries(valLogs) }, seconds };
    const sums = this.#names.map(() => 0);
    this.state = { ...this.state, epoch: epoch + 1, batch: 0, sums, records: [...this.state.records, record] };
    this.#writeSums(sums);
    await control.onProgress?.({
      ...this.#progress(this.#batches.count, logs, seconds, this.#batches.size, first),
      ended: record,
    });
  }

  #advance(batch: number): void {
    this.#steps++;
    this.state = { ...this.state, batch, iteration: this.state.iteration + 1 };
  }

  /** The means of the epoch so far. @throws NonFiniteError naming the step; the weights are those from before it. */
  #logs(outputs: readonly NdArray[], samples: number): Logs {
    const status = outputs.at(-1)?.data[0] ?? 0;
    if (status !== 0) {
      throw new NonFiniteError(
        `fit: the loss or a gradient stopped being finite at step ${status} of this model's training; the weights from before that step are kept. Lower the learning rate, clip the gradients (globalClipnorm: 1), or look for extreme values in the data.`,
        { step: status },
      );
    }
    return Object.fromEntries(this.#names.map((name, index) => [name, (outputs[index]?.data[0] ?? 0) / samples]));
  }

  #progress(batch: number, logs: Logs, seconds: number, samples: number, first: number): Progress {
    const { epochs } = this.state;
    const epoch = Math.min(this.state.epoch + (batch === this.#batches.count ? 0 : 1), epochs);
    const done = batch - first;
    const secondsPerBatch = done > 0 ? seconds / done : 0;
    const batchesLeft = (epochs - epoch) * this.#batches.count + (this.#batches.count - batch);
    return {
      epoch,
      epochs,
      batch,
      batches: this.#batches.count,
      logs,
      samplesPerSecond: seconds > 0 ? (samples - this.#batches.at(first).position) / seconds : 0,
      secondsLeft: batchesLeft * secondsPerBatch,
    };
  }

  async #keepSums(): Promise<void> {
    const totals = await variablesOf(this.#model.device).read(this.#sums.variables);
    this.state = { ...this.state, sums: totals.map(({ data }) => data[0] ?? 0) };
  }

  #writeSums(sums: readonly number[]): void {
    const store = variablesOf(this.#model.device);
    for (const [index, variable] of this.#sums.variables.entries()) {
      store.write(variable, { shape: [], data: Float32Array.of(sums[index] ?? 0) });
    }
  }

  dispose(): void {
    this.#batches.dispose();
    this.#validation?.dispose();
    this.#data.dispose();
    variablesOf(this.#model.device).release([...this.#sums.variables, this.#status]);
  }
}
