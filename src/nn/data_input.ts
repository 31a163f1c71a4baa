/** What `fit`, `evaluate` and `predict` take, brought into one form and checked before any of it reaches the GPU. */
import { ShapeError, ValueError } from "../core/errors.ts";
import { type ArrayLike, isShaped, type NdArray, toNdArray } from "../core/nd_array.ts";
import { formatShape, type Shape, sameShape } from "../core/shape.ts";
import { checkDataset, type Dataset } from "../data/dataset.ts";
import { checkRagged, maxId, type RaggedSequences } from "../data/ragged.ts";
import { alignTargets, type Loss } from "./losses.ts";

/** Inputs: nested arrays, `{ shape, data }`, or rows of ids of unequal length. */
export type InputLike = ArrayLike | RaggedSequences;

/** Inputs with targets: a data set, `{ x, y }`, or `[x, y]`. */
export type DataLike = Dataset | { readonly x: InputLike; readonly y: ArrayLike } | readonly [InputLike, ArrayLike];

/** What a model's input must be. */
export interface InputSpec {
  /** Without the batch. */
  readonly shape: Shape;
  readonly dtype: "float32" | "int32";
  /** Ids must be below this; undefined where the input is no ids. */
  readonly idLimit: number | undefined;
}

function isRagged(x: unknown): x is RaggedSequences {
  return typeof x === "object" && x !== null && "kind" in x && x.kind === "ragged" && "offsets" in x;
}

const withBatch = (shape: Shape): string => `[B${shape.map((size) => `, ${size}`).join("")}]`;

/**
 * Checks inputs against the model: shape, ids inside the table, finite numbers.
 * @throws ShapeError or ValueError naming what was expected and what came.
 */
export function prepareInputs(given: InputLike, spec: InputSpec, what: string): NdArray | RaggedSequences {
  if (isRagged(given)) {
    checkRagged(given, given.offsets.length - 1, what);
    if (spec.shape.length !== 1 || given.length !== spec.shape[0]) {
      throw new ShapeError(
        `${what}: x holds sequences of ${given.length}; the model was built for ${withBatch(spec.shape)}. Load the data with maxLength ${spec.shape[0]}, or build the model for inputShape [${given.length}].`,
        { length: given.length, expected: spec.shape },
      );
    }
    if (spec.dtype !== "int32")
      throw new ValueError(
        `${what}: x holds ids, but the model's first layer takes float32 vectors; begin with an embedding`,
      );
    checkIdLimit(maxId(given), spec, what);
    return given;
  }
  const x = toNdArray(given, spec.dtype, `${what}: x`);
  if (x.data.length === 0) {
    throw new ValueError(`${what}: x is empty; expected at least one example of ${formatShape(spec.shape)}`, {
      shape: x.shape,
    });
  }
  if (!sameShape(x.shape.slice(1), spec.shape) || x.shape.length === 0) {
    throw new ShapeError(`${what}: x is ${formatShape(x.shape)}; the model was built for ${withBatch(spec.shape)}`, {
      shape: x.shape,
      expected: spec.shape,
    });
  }
  if (spec.dtype === "int32") {
    let [low, high] = [0, -1];
    for (const id of x.data) {
      low = Math.min(low, id);
      high = Math.max(high, id);
    }
    if (low < 0) throw new ValueError(`${what}: x holds the id ${low}; expected ids from 0 on`, { id: low });
    checkIdLimit(high, spec, what);
  } else {
    const index = x.data.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) {
      throw new ValueError(
        `${what}: element ${index} of x is ${x.data[index]}; expected finite numbers. Remove or fill missing values first.`,
        { index },
      );
    }
  }
  return x;
}

function checkIdLimit(highest: number, { idLimit }: InputSpec, what: string): void {
  if (idLimit === undefined || highest < idLimit) return;
  throw new ValueError(
    `${what}: x holds the id ${highest}, outside the embedding's table of ${idLimit} rows; expected ids from 0 to ${idLimit - 1}. Raise inputDim, or load the data with a smaller numWords.`,
    { id: highest, inputDim: idLimit },
  );
}

/**
 * Brings data into a checked Dataset whose targets have the loss's shape.
 * @throws ShapeError or ValueError; nothing has been uploaded then.
 */
export function prepareData(given: DataLike, spec: InputSpec, loss: Loss, outputShape: Shape, what: string): Dataset {
  const [rawX, rawY] = Array.isArray(given)
    ? (given as readonly [InputLike, ArrayLike])
    : [(given as { x: InputLike }).x, (given as { y: ArrayLike }).y];
  if (rawX === undefined || rawY === undefined) {
    throw new ValueError(
      `${what}: expected a data set, { x, y } or [x, y]; ${rawX === undefined ? "x" : "y"} is missing`,
    );
  }
  const x = prepareInputs(rawX, spec, what);
  const size = isRagged(x) ? x.offsets.length - 1 : (x.shape[0] as number);
  const y = alignTargets(loss, toNdArray(rawY, "float32", `${what}: y`), outputShape);
  const data: Dataset = isRagged(x) ? { kind: "ragged", size, x, y } : { kind: "dense", size, x, y };
  checkDataset(data, what);
  loss.checkTargets(y, outputShape);
  return data;
}

/** True when an argument is data rather than an options object. */
export function isArrayLike(value: unknown): value is ArrayLike {
  return typeof value === "number" || Array.isArray(value) || isShaped(value);
}

/** Tells `(data, options)` from `(x, y, options)`. */
export function splitArguments<O extends object>(
  first: DataLike | InputLike,
  second: ArrayLike | O | undefined,
  third: O | undefined,
): { data: DataLike; options: O } {
  if (second !== undefined && isArrayLike(second)) {
    return { data: { x: first as InputLike, y: second }, options: third ?? ({} as O) };
  }
  return { data: first as DataLike, options: (second as O | undefined) ?? ({} as O) };
}
