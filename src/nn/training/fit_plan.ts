/** The validated plan of a `fit`: training and validation examples, and the state to start from. */
import { ValueError } from "../../core/errors.ts";
import type { CallApp } from "../callbacks/callback_list.ts";
import { type BatchStream, isStream } from "../data/batch_stream.ts";
import type { ClassWeight, DataLike } from "../data/data_targets.ts";
import { type Examples, partOf } from "../data/examples.ts";
import type { FitSettings } from "./fit_options.ts";
import { type OpenSteps, rowSteps } from "./steps.ts";
import type { StreamStepOptions } from "./stream_steps.ts";
import type { TrainingState } from "./training_state.ts";

/**
 * Splits off the last examples for validation, before any shuffling; 0 ≤ validationSplit < 1 is their fraction.
 * @throws ValueError if the split leaves one side empty.
 */
export function splitForValidation(
  data: Examples,
  validationSplit: number,
): { readonly training: Examples; readonly validation: Examples | undefined } {
  if (validationSplit === 0) return { training: data, validation: undefined };
  const cut = Math.floor(data.size * (1 - validationSplit));
  if (cut === 0 || cut === data.size) {
    throw new ValueError(`fit: validationSplit ${validationSplit} of ${data.size} examples leaves one side empty`, {
      validationSplit,
      size: data.size,
    });
  }
  return { training: partOf(data, 0, cut), validation: partOf(data, cut, data.size) };
}

/** Validates and converts data. */
export type PrepareData = (data: DataLike, what: string, classWeight?: ClassWeight) => Examples;

/** The plan of a `fit`. */
export interface FitPlan {
  readonly training: OpenSteps;
  readonly validation: { readonly steps: OpenSteps; readonly every: number } | undefined;
  readonly state: TrainingState;
}

/** The parts of the model that planning needs. */
interface FitContext {
  readonly before: TrainingState | undefined;
  readonly seed: number;
  readonly prepare: PrepareData;
  /** Calls the app's stream. */
  readonly call: CallApp;
}

/**
 * Validates all arguments of `fit` before anything changes.
 * @throws ValueError, ShapeError with the option's name, the expected and the actual value.
 */
export function planFit(
  data: DataLike | BatchStream,
  options: FitSettings,
  { before, seed, prepare, call }: FitContext,
): FitPlan {
  const { validationData, validationSplit, validationFreq: every, classWeight } = options;
  const isFed = isStream(data);
  const all = isFed ? undefined : prepare(data, "fit", classWeight);
  if (isFed) refuseWithStream(options);
  const split = all && validationData === undefined ? splitForValidation(all, validationSplit) : undefined;
  // As in Keras, class weights do not apply to validation.
  const kept = split?.validation && classWeight ? withoutWeights(split.validation) : split?.validation;
  const examples = split?.training ?? all;
  const state = startState(examples?.size ?? 0, before, seed, options);
  const { stepsPerEpoch, batchSize } = state;
  const training = isFed
    ? streamSteps(data, { stepsPerEpoch, what: "fit", prepare: (batch) => prepare(batch, "fit", classWeight), call })
    : rowSteps(examples as Examples, { batchSize, stepsPerEpoch, label: "training data" });
  const validated = validationData ?? kept;
  if (validated === undefined) return { training, validation: undefined, state };
  const label = "fit: validationData";
  const validation = evaluationSteps(validated, {
    batchSize: options.validationBatchSize ?? batchSize,
    steps: options.validationSteps,
    what: label,
    prepare: (batch) => prepare(batch, label),
    call,
  });
  return { training, validation: { steps: validation, every }, state };
}

/** Steps on a stream. Imported on demand. */
function streamSteps(stream: BatchStream, options: StreamStepOptions): OpenSteps {
  return async (_, make) => {
    const { openStream } = await import("./stream_steps.ts");
    return openStream(stream, make, options);
  };
}

function withoutWeights(examples: Examples): Examples {
  return { ...examples, weights: examples.weights.map(() => undefined) };
}

/** The options of an evaluation. */
export interface EvaluationPlan {
  readonly batchSize: number;
  /** The maximum number of steps. */
  readonly steps: number | undefined;
  readonly what: string;
  prepare(data: DataLike): Examples;
  /** Calls the app's stream. */
  readonly call: CallApp;
}

/** The steps of an evaluation on validated examples, on raw data or on a stream. */
export function evaluationSteps(
  data: Examples | DataLike | BatchStream,
  { batchSize, steps, what, prepare, call }: EvaluationPlan,
): OpenSteps {
  if (isStream(data)) return streamSteps(data, { stepsPerEpoch: steps, what, prepare, call });
  const examples = isExamples(data) ? data : prepare(data);
  const whole = Math.ceil(examples.size / Math.min(batchSize, examples.size));
  const stepsPerEpoch = steps === undefined ? undefined : Math.min(steps, whole);
  return rowSteps(examples, { batchSize, stepsPerEpoch, label: "evaluation data" });
}

const isExamples = (data: Examples | DataLike): data is Examples =>
  typeof data === "object" && data !== null && "xs" in data;

/** @throws ValueError for an option that does not apply to a stream of batches. */
function refuseWithStream({ batchSize, validationSplit, sampleWeight }: FitSettings): void {
  const given = Object.entries({ batchSize, validationSplit: validationSplit || undefined, sampleWeight }).find(
    ([, value]) => value !== undefined,
  );
  if (given === undefined) return;
  const instead = {
    batchSize: "make batches of that size",
    validationSplit: "give validationData",
    sampleWeight: "give it with each batch, { x, y, sampleWeight }",
  }[given[0]];
  throw new ValueError(`fit: ${given[0]} does not apply to a stream of batches; ${instead}`, { option: given[0] });
}

/** The state from which a run starts or resumes. */
function startState(
  size: number,
  before: TrainingState | undefined,
  modelSeed: number,
  { epochs, batchSize = 32, initialEpoch, stepsPerEpoch, microBatchSize, shuffle, resume, seed }: FitSettings,
): TrainingState {
  if (resume) return resumeState(size, before, epochs);
  return {
    seed: seed ?? modelSeed,
    epochs,
    batchSize,
    shuffle,
    epoch: initialEpoch,
    batch: 0,
    iteration: before?.iteration ?? 0,
    sums: [],
    size,
    records: [],
    ...(microBatchSize !== undefined && { microBatchSize }),
    ...(stepsPerEpoch !== undefined && { stepsPerEpoch }),
    ...(initialEpoch > 0 && { initialEpoch }),
  };
}

/** The state of a model that was never trained with `fit`. */
export function untrainedState(seed: number): TrainingState {
  return {
    seed,
    epochs: 0,
    batchSize: 1,
    shuffle: false,
    epoch: 0,
    batch: 0,
    iteration: 0,
    sums: [],
    size: 0,
    records: [],
  };
}

function resumeState(size: number, before: TrainingState | undefined, epochs: number): TrainingState {
  if (before === undefined || before.epochs === 0)
    throw new ValueError(
      "fit: there is no training to resume; the model was never trained, or was saved without its training state",
    );
  if (before.size !== size) {
    throw new ValueError(
      `fit: the training to resume had ${before.size} examples, this data has ${size}; give the same data`,
      { expected: before.size, size },
    );
  }
  return { ...before, epochs: Math.max(epochs, before.epochs) };
}
