/** What `fit` is asked to do, checked: which examples train and which validate, and where the training starts. */
import { ValueError } from "../core/errors.ts";
import { type Examples, partOf } from "./examples.ts";
import type { FitOptions } from "./model_options.ts";
import type { TrainingState } from "./training_state.ts";

/** @throws ValueError unless `value` is a whole number of at least `least`. */
export function checkCount(what: string, option: string, value: number, least = 1): number {
  if (!Number.isInteger(value) || value < least) {
    throw new ValueError(`${what}: ${option} is ${value}; expected a whole number of at least ${least}`, {
      [option]: value,
    });
  }
  return value;
}

/** The last share of the examples, before any shuffling, is for validation. */
export function splitForValidation(
  data: Examples,
  validationSplit: number,
): { readonly training: Examples; readonly validation: Examples | undefined } {
  if (!(validationSplit >= 0 && validationSplit < 1)) {
    throw new ValueError(`fit: validationSplit is ${validationSplit}; expected 0 ≤ validationSplit < 1`, {
      validationSplit,
    });
  }
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

/** Where a training starts, or goes on. */
export function startState(
  size: number,
  before: TrainingState | undefined,
  modelSeed: number,
  { epochs = 1, batchSize = 32, shuffle = true, seed = modelSeed, resume = false }: FitOptions,
): TrainingState {
  if (resume) return resumeState(size, before, epochs);
  checkCount("fit", "epochs", epochs);
  checkCount("fit", "batchSize", batchSize);
  return {
    seed,
    epochs,
    batchSize,
    shuffle,
    epoch: 0,
    batch: 0,
    iteration: before?.iteration ?? 0,
    sums: [],
    size,
    records: [],
  };
}

/** The state of a model that no `fit` has trained: only its steps are counted. */
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
  if (before === undefined)
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
