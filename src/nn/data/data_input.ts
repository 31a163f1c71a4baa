/** Validates and converts the inputs of `fit`, `evaluate` and `predict` before they are uploaded. */
import { ShapeError, ValueError } from "../../core/errors.ts";
import { type ArrayLike, isRow, isShaped, type NdArray, toNdArray } from "../../core/nd_array.ts";
import { formatShape, type Shape, sameShape } from "../../core/shape.ts";
import { checkRagged, fitRagged, isRagged, maxId, ownRagged, type RaggedSequences } from "../../data/ragged_rows.ts";
import type { InputSpec } from "../graph/input_spec.ts";
import { type Column, sizeOfColumn } from "./examples.ts";

/** One input: nested arrays, `{ shape, data }`, or rows of ids of unequal length. */
export type InputLike = ArrayLike | RaggedSequences;

/** All inputs of a model: one input, a list, or an object keyed by input name. */
export type InputsLike = InputLike | readonly InputLike[] | Readonly<Record<string, InputLike>>;

/**
 * Validates all inputs against the model: number, names, equal sizes, shapes, id ranges, finite numbers.
 * @throws ShapeError, ValueError with the expected and the actual value.
 */
export function prepareInputs(given: InputsLike, specs: readonly InputSpec[], what: string): readonly Column[] {
  const named = entriesOf(
    given,
    specs.map(({ name }) => name),
    `${what}: x`,
  );
  const columns = specs.map((spec, index) => {
    const label = specs.length === 1 ? "x" : `x "${spec.name}"`;
    return prepareInput(named[index] as InputLike, spec, what, label);
  });
  const size = sizeOfColumn(columns[0] as Column);
  columns.forEach((column, index) => {
    if (sizeOfColumn(column) === size) return;
    throw new ShapeError(
      `${what}: x "${specs[index]?.name}" holds ${sizeOfColumn(column)} examples, x "${specs[0]?.name}" holds ` +
        `${size}; expected as many in each input`,
    );
  });
  return columns;
}

/**
 * The values for `names`, from one value, a list or an object by name.
 * @throws ValueError if an entry is missing or unknown.
 */
export function entriesOf<T>(
  given: T | readonly T[] | Readonly<Record<string, T>>,
  names: readonly string[],
  what: string,
): readonly T[] {
  const isNamed = typeof given === "object" && given !== null && !isRow(given) && !isShaped(given) && !isRagged(given);
  if (isNamed) {
    const fields = given as Readonly<Record<string, T>>;
    const unknown = Object.keys(fields).find((name) => !names.includes(name));
    const missing = names.find((name) => fields[name] === undefined);
    if (unknown !== undefined || missing !== undefined) {
      throw new ValueError(
        `${what} ` +
          (missing === undefined ? `has an unknown part "${unknown}"` : `lacks "${missing}"`) +
          `; expected ${names.map((name) => `"${name}"`).join(", ")}`,
        { names, unknown, missing },
      );
    }
    return names.map((name) => fields[name] as T);
  }
  if (names.length === 1) return [given as T];
  if (!Array.isArray(given) || given.length !== names.length) {
    throw new ValueError(
      `${what} is ${Array.isArray(given) ? `a list of ${given.length}` : "one array"}; expected ${names.length}, ` +
        `as a list or by name: ${names.map((name) => `"${name}"`).join(", ")}`,
      { names },
    );
  }
  return given as readonly T[];
}

const withBatch = (shape: Shape): string => `[B${shape.map((size) => `, ${size}`).join("")}]`;

function prepareInput(given: InputLike, spec: InputSpec, what: string, label: string): Column {
  if (isRagged(given)) {
    const own = ownRagged(given, `${what}: ${label}`);
    checkRagged(own, own.offsets.length - 1, what);
    const [length, ...rest] = spec.shape;
    const x = length === undefined ? own : fitRagged(own, length);
    if (rest.length > 0 || x.length !== length) {
      throw new ShapeError(
        `${what}: ${label} holds sequences of ${x.length}; the model was built for ${withBatch(spec.shape)}. ` +
          `Load the data with maxLength ${length}, or build the model for inputShape [${x.length}].`,
        { length: x.length, expected: spec.shape },
      );
    }
    if (spec.dtype !== "int32")
      throw new ValueError(
        `${what}: ${label} holds ids, but the model's first layer takes float32 vectors; start with an embedding`,
      );
    checkIdLimit(maxId(x), spec, `${what}: ${label}`);
    return x;
  }
  const x = toNdArray(given, spec.dtype === "float32" ? "float32" : "int32", `${what}: ${label}`);
  if (x.data.length === 0) {
    throw new ValueError(`${what}: ${label} is empty; expected at least one example of ${formatShape(spec.shape)}`, {
      shape: x.shape,
    });
  }
  if (!sameShape(x.shape.slice(1), spec.shape) || x.shape.length === 0) {
    throw new ShapeError(
      `${what}: ${label} is ${formatShape(x.shape)}; the model was built for ${withBatch(spec.shape)}` +
        `${sameShape(x.shape, spec.shape) ? ". For one example wrap it in a list: [x]" : ""}`,
      {
        shape: x.shape,
        expected: spec.shape,
      },
    );
  }
  if (spec.dtype === "bool") checkFlags(x, `${what}: ${label}`);
  else if (spec.dtype === "int32") {
    let [low, high] = [0, -1];
    for (const id of x.data) {
      low = Math.min(low, id);
      high = Math.max(high, id);
    }
    if (low < 0 && spec.idLimit !== undefined)
      throw new ValueError(`${what}: ${label} holds the id ${low}; expected ids from 0 on`, { id: low });
    checkIdLimit(high, spec, `${what}: ${label}`);
  } else {
    const index = x.data.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) {
      throw new ValueError(
        `${what}: element ${index} of ${label} is ${x.data[index]}; expected finite numbers. Remove or fill ` +
          "missing values first.",
        { index },
      );
    }
  }
  return x;
}

function checkIdLimit(highest: number, { idLimit }: InputSpec, what: string): void {
  if (idLimit === undefined || highest < idLimit) return;
  throw new ValueError(
    `${what} holds the id ${highest}, outside the embedding's table of ${idLimit} rows; expected ids from 0 to ` +
      `${idLimit - 1}. Raise inputDim, or load the data with a smaller numWords.`,
    { id: highest, inputDim: idLimit },
  );
}

function checkFlags({ data }: NdArray, what: string): void {
  const index = data.findIndex((flag) => flag !== 0 && flag !== 1);
  if (index < 0) return;
  throw new ValueError(`${what}: element ${index} is ${data[index]}; a bool input takes 0 and 1`, { index });
}
