/**
 * What a model takes of its device's memory, found out before it does: by preparing its work on a device that makes
 * nothing.
 */
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

/** The model, as its work is prepared. */
export interface MemoryParts {
  readonly device: Device;
  readonly graph: LayerGraph;
  readonly stepModel: StepModel;
  readonly compiled: Compiled | undefined;
  /** Checks data and brings it into form. */
  readonly prepare: (data: DataLike, what: string) => Examples;
}

/** What the errors of `fit` and `predict` know of the work. */
export interface AskedMemory extends MemoryOptions {
  /** Rows that are predicted; a batch of them when absent. */
  readonly rows?: number | undefined;
}

/** How a training is cut, and what it is on. */
interface Work {
  readonly batchSize: number;
  readonly microBatchSize: number | undefined;
  /** The examples to train on, and all of them with those kept for validation. */
  readonly examples: Examples;
  readonly all: Examples;
  readonly validation: { readonly examples: Examples; readonly batchSize: number } | undefined;
}

/** The search for the largest batch ends here. */
const MOST_ROWS = 2 ** 16;
/** It is found to within this share. */
const PRECISION = 1 / 20;

/**
 * What `fit`, `evaluate` and `predict` would take.
 * @throws ValueError for an option that is none, or data that is a stream.
 * @throws LimitError where the device's limits do not let the batch through and it cannot be split into micro-batches.
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
 * The most rows that go through the model at once, of those that `options` tell of: in training, or in prediction where
 * the model is not compiled. 0 where not even one does.
 * @param limits.memoryLimit bytes that all buffers of the device may take
 * @param limits.below fewer than so many rows are asked for
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
    // Upwards by doubling, until a first one is too large.
    rows = tooMany > limit ? Math.min(limit, 2 * most) : Math.floor((most + tooMany) / 2);
  }
  return most;
}

/** The error, with word of the batch that fits where a smaller one does. */
export async function withLargestBatch(
  parts: MemoryParts,
  options: AskedMemory,
  error: LimitError,
): Promise<LimitError> {
  const { held, limit } = error.details;
  // Where the GPU itself has no more, what it held is what it has room for.
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

/** Rows without padding, of which there is no more than the shapes. */
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

/** What is held now, by what it is for. */
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
