/** Estimates a model's GPU memory by planning its work on a `PlanningDevice`, which allocates nothing. */
import { LimitError, OutOfMemoryError, ValueError } from "../../core/errors.ts";
import { checkedLater, ifGiven, readOptions, type TableOf } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import type { Device } from "../../runtime/device.ts";
import { type PlanningDevice, planning } from "../../runtime/plan/planning.ts";
import type { CallApp } from "../callbacks/callback_list.ts";
import { isStream } from "../data/batch_stream.ts";
import type { DataLike } from "../data/data_targets.ts";
import type { Examples } from "../data/examples.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import type { MemoryUse, ModelMemory, TrainingMemory } from "../show/memory_figures.ts";
import { memoryTable } from "../show/memory_table.ts";
import { Evaluator } from "../training/evaluator.ts";
import { CUTS } from "../training/fit_options.ts";
import { evaluationSteps, splitForValidation } from "../training/fit_plan.ts";
import type { Compiled, StepModel } from "../training/step_model.ts";
import { rowSteps } from "../training/steps.ts";
import { openTrainingResources } from "../training/training_resources.ts";
import type { MemoryOptions } from "./model_options.ts";
import { ModelPredictor } from "./model_predictor.ts";

const MEMORY = { ...CUTS, data: ifGiven(checkedLater<DataLike>("data")) } satisfies TableOf<MemoryOptions>;

/** The parts of a model that memory planning needs. */
export interface MemoryParts {
  readonly device: Device;
  readonly graph: LayerGraph;
  readonly stepModel: StepModel;
  readonly compiled: Compiled | undefined;
  /** Validates and converts data. */
  readonly prepare: (data: DataLike, what: string) => Examples;
}

/** Memory options plus what only `fit` and `predict` know. */
export interface AskedMemory extends MemoryOptions {
  /** The number of rows to predict. Default: one batch. */
  readonly rows?: number | undefined;
}

/** The batch sizes and data of a training run. */
interface Work {
  readonly batchSize: number;
  readonly microBatchSize: number | undefined;
  /** The training examples, and all examples including those for validation. */
  readonly examples: Examples;
  readonly all: Examples;
  readonly validation: { readonly examples: Examples; readonly batchSize: number } | undefined;
}

/** The upper bound of the search for the largest batch. */
const MOST_ROWS = 2 ** 16;
/** The relative precision of that search. */
const PRECISION = 1 / 20;

/**
 * The GPU memory that `fit`, `evaluate` and `predict` would need.
 * @throws ValueError for an unknown option, or if the data is a stream.
 * @throws LimitError if the batch exceeds a device limit and cannot be split into micro-batches.
 */
export async function memoryOf(parts: MemoryParts, options: MemoryOptions): Promise<ModelMemory> {
  const { compiled, device } = parts;
  const { memoryLimit, adapter } = device;
  const given = readOptions("memory", MEMORY, options);
  const { batchSize = 32 } = given;
  const work = compiled && workOf(parts, compiled, given);
  const largestBatchSize = await largestBatch(parts, given);
  const prediction = await predictionUse(parts, batchSize, work?.all.size, Number.POSITIVE_INFINITY);
  const shared = { batchSize, memoryLimit, prediction, largestBatchSize };
  if (compiled === undefined || work === undefined) {
    const fits = batchSize <= largestBatchSize;
    return printable({ ...shared, training: undefined, evaluation: undefined, fits }, adapter);
  }
  const limited = await trainingUse(parts, compiled, work, memoryLimit).catch((error: unknown) => {
    if (error instanceof OutOfMemoryError) return undefined;
    throw error;
  });
  const training = limited ?? (await trainingUse(parts, compiled, work, Number.POSITIVE_INFINITY));
  const evaluation = await evaluationUse(parts, compiled, work);
  return printable({ ...shared, training, evaluation, fits: limited !== undefined }, adapter);
}

/**
 * The largest number of rows that fit through the model at once with these `options`: in training, or in prediction if
 * the model is not compiled. 0 if not even one row fits.
 * @param limits.memoryLimit the most bytes that all buffers of the device may occupy
 * @param limits.below an exclusive upper bound of the result
 */
async function largestBatch(
  parts: MemoryParts,
  options: AskedMemory,
  {
    memoryLimit = parts.device.memoryLimit,
    below = MOST_ROWS + 1,
  }: { readonly memoryLimit?: number; readonly below?: number } = {},
): Promise<number> {
  const { compiled } = parts;
  const given = compiled && options.data !== undefined ? workOf(parts, compiled, options) : undefined;
  const fits = async (batchSize: number): Promise<boolean> => {
    try {
      if (compiled === undefined) {
        await predictionUse(parts, batchSize, options.rows, memoryLimit);
        return true;
      }
      const work = given ?? workOf(parts, compiled, { ...options, batchSize });
      const whole = { ...work, batchSize, microBatchSize: undefined };
      return (await trainingUse(parts, compiled, whole, memoryLimit)).microBatchesPerStep === 1;
    } catch (error) {
      if (error instanceof LimitError) return false;
      throw error;
    }
  };
  const limit = Math.min(below - 1, given?.examples.size ?? options.rows ?? MOST_ROWS);
  let [most, tooMany] = [0, limit + 1];
  let rows = Math.min(limit, options.batchSize ?? 32);
  while (tooMany - most > Math.max(1, most * PRECISION)) {
    if (await fits(rows)) most = rows;
    else tooMany = rows;
    // Doubles the batch until one is too large; then bisects.
    rows = tooMany > limit ? Math.min(limit, 2 * most) : Math.floor((most + tooMany) / 2);
  }
  return most;
}

/** The error, with the largest batch that fits added to its message if there is one. */
export async function withLargestBatch(
  parts: MemoryParts,
  options: AskedMemory,
  error: LimitError,
): Promise<LimitError> {
  const { held, limit } = error.details;
  // If the GPU itself is out of memory, what it holds now is its capacity.
  const isFull = error instanceof OutOfMemoryError && limit === undefined && typeof held === "number";
  const sizes = { below: options.batchSize ?? 32, ...(isFull && { memoryLimit: held }) };
  const rows = await largestBatch(parts, options, sizes).catch(() => 0);
  if (rows === 0) return error;
  const message = `${error.message.replace(/\.?$/, "")}: a batch of ${rows} fits`;
  const details = { ...error.details, largestBatchSize: rows };
  return error instanceof OutOfMemoryError
    ? new OutOfMemoryError(message, details, { cause: error })
    : new LimitError(message, details, { cause: error });
}

function printable(memory: Omit<ModelMemory, "toString">, adapter: string): ModelMemory {
  return { ...memory, toString: () => memoryTable(memory, adapter) };
}

function workOf({ graph, prepare }: MemoryParts, compiled: Compiled, options: MemoryOptions): Work {
  const { batchSize = 32, microBatchSize, data, validationData, validationSplit = 0 } = options;
  for (const [name, given] of Object.entries({ data, validationData })) {
    if (given !== undefined && isStream(given))
      throw new ValueError(`memory: ${name} is a stream; give one of its batches, as { x, y }`, { option: name });
  }
  const all = data === undefined ? fullRows(graph, compiled, batchSize) : prepare(data, "memory");
  const { training, validation } = splitForValidation(all, validationData === undefined ? validationSplit : 0);
  const validated =
    validationData === undefined ? validation : prepare(validationData as DataLike, "memory: validationData");
  return {
    batchSize,
    microBatchSize,
    examples: training,
    all,
    validation: validated && { examples: validated, batchSize: options.validationBatchSize ?? batchSize },
  };
}

/** Placeholder rows without padding: only their shapes matter. */
function fullRows({ inputSpecs, outputShapes }: LayerGraph, { objectives }: Compiled, size: number): Examples {
  const ofShape = (shape: Shape, isFloat = true) => ({
    shape,
    data: isFloat ? new Float32Array() : new Int32Array(),
  });
  return {
    size,
    xs: inputSpecs.map(({ shape, dtype }) => ofShape([size, ...shape], dtype === "float32")),
    ys: objectives.map(({ loss }, index) => loss && ofShape(loss.targetShape([size, ...(outputShapes[index] ?? [])]))),
    weights: objectives.map(() => undefined),
  };
}

async function trainingUse(
  parts: MemoryParts,
  compiled: Compiled,
  { batchSize, microBatchSize, examples, validation }: Work,
  memoryLimit: number,
): Promise<TrainingMemory> {
  const { stepModel, graph } = parts;
  const training = rowSteps(examples, { batchSize, label: "training data" });
  return plan(parts, memoryLimit, async (device) => {
    const resources = await openTrainingResources(
      { model: { ...stepModel, device }, compiled, weights: graph.weights, microBatchSize, snapshotSeconds: undefined },
      {
        training,
        validation: validation && { steps: evaluationOf(validation.examples, validation.batchSize), every: 1 },
      },
    );
    try {
      return { ...useOf(parts, device), microBatchesPerStep: resources.data.main?.microBatches ?? 1 };
    } finally {
      resources.dispose();
    }
  });
}

function evaluationOf(examples: Examples, batchSize: number) {
  const call: CallApp = async (app) => app();
  return evaluationSteps(examples, { batchSize, steps: undefined, what: "memory", prepare: () => examples, call });
}

function evaluationUse(parts: MemoryParts, compiled: Compiled, { all, batchSize }: Work): Promise<MemoryUse> {
  return plan(parts, Number.POSITIVE_INFINITY, async (device) => {
    const model = { ...parts.stepModel, device };
    const evaluator = await Evaluator.prepare(model, compiled, evaluationOf(all, batchSize));
    try {
      return useOf(parts, device);
    } finally {
      evaluator.dispose();
    }
  });
}

function predictionUse(
  parts: MemoryParts,
  batchSize: number,
  rows = batchSize,
  memoryLimit: number,
): Promise<MemoryUse> {
  const { graph, stepModel } = parts;
  return plan(parts, memoryLimit, async (device) => {
    const predictor = new ModelPredictor(device, graph, stepModel.variants);
    try {
      for (const size of new Set([Math.min(batchSize, rows), rows % batchSize])) {
        if (size > 0) await predictor.prepare(size);
      }
      return useOf(parts, device);
    } finally {
      predictor.dispose();
    }
  });
}

const weightsOf = ({ graph }: MemoryParts) => [...graph.weights, ...graph.stateVariables];
const slotsOf = ({ compiled }: MemoryParts) => compiled?.slots.flat() ?? [];

function plan<T>(parts: MemoryParts, memoryLimit: number, work: (device: PlanningDevice) => Promise<T>): Promise<T> {
  return planning(parts.device, [...weightsOf(parts), ...slotsOf(parts)], memoryLimit, work);
}

/** The bytes held now, by purpose. */
function useOf(parts: MemoryParts, device: PlanningDevice): MemoryUse {
  const weights = new Set(weightsOf(parts).map(({ name }) => name));
  const slots = new Set(slotsOf(parts).map(({ name }) => name));
  const groups = device.bytesBy((label) => {
    if (weights.has(label)) return "weights";
    if (slots.has(label)) return "optimizer";
    return /^(training|evaluation) data\//.test(label) ? "data" : "steps";
  });
  const { weights: own = 0, optimizer = 0, data = 0, steps = 0 } = Object.fromEntries(groups);
  return { bytes: device.memory.bytes, weights: own, optimizer, data, steps };
}
