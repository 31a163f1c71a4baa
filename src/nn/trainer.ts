/** Training: the loops over epochs and batches, which can stop at any step and go on exactly. */
import { NonFiniteError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import type { Dataset } from "../data/dataset.ts";
import { Variable } from "../graph/operation.ts";
import { Pacer } from "../runtime/pacer.ts";
import { variablesOf } from "../runtime/variables.ts";
import { Batches } from "./batches.ts";
import { DeviceDataset } from "./device_dataset.ts";
import { Evaluator } from "./evaluator.ts";
import { type Compiled, RunningSums, type StepModel, trainStep } from "./step_programs.ts";
import {
  type EpochRecord,
  epochOrder,
  type Logs,
  type Progress,
  stopIfAsked,
  type TrainerControl,
  type TrainingState,
  type TrainingStatistics,
} from "./training_state.ts";

/** At least this long, and this many steps, lie between two readings of the sums. */
const READ_SECONDS = 0.5;
const READ_STEPS = 10;

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
