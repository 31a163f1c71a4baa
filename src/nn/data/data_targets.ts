/** Validates and converts inputs, targets and weights of `fit` and `evaluate`. */

import { ShapeError, ValueError } from "../../core/errors.ts";
import { type ArrayLike, isRow, isShaped, type NdArray, toNdArray } from "../../core/nd_array.ts";
import { shown } from "../../core/options.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../../core/shape.ts";
import { checkExamples } from "../../data/dataset.ts";
import { isRagged } from "../../data/ragged_rows.ts";
import type { InputSpec } from "../graph/input_spec.ts";
import { alignTargets, type Loss } from "../losses/index.ts";
import { type BatchStream, isStream } from "./batch_stream.ts";
import { entriesOf, type InputLike, type InputsLike, prepareInputs } from "./data_input.ts";
import type { DataLike, DataParts, TargetsLike } from "./data_like.ts";
import { type Examples, sizeOfColumn } from "./examples.ts";

export type { DataLike, DataParts, TargetsLike } from "./data_like.ts";

/** The requirements for an output's targets. */
export interface TargetSpec {
  readonly name: string;
  /** The output's shape without the batch. */
  readonly shape: Shape;
  /** Undefined if the output has neither loss nor metric. */
  readonly loss: Loss | undefined;
}

/** Weights by class index, as in `fit`. The default weight of a class is 1. */
export type ClassWeight = Readonly<Record<number, number>>;

/**
 * Converts data to validated examples whose targets have the losses' shapes.
 * @throws ShapeError, ValueError for invalid data, before anything is uploaded.
 */
export function prepareData(
  given: DataLike,
  inputs: readonly InputSpec[],
  outputs: readonly TargetSpec[],
  what: string,
  classWeight?: ClassWeight,
): Examples {
  const { x: rawX, y: rawY, sampleWeight } = partsOf(given);
  if (rawX === undefined || rawY === undefined) {
    throw new ValueError(
      `${what}: expected a data set, { x, y } or [x, y]; ${rawX === undefined ? "x" : "y"} is missing`,
    );
  }
  const xs = prepareInputs(rawX, inputs, what);
  const size = sizeOfColumn(xs[0] as (typeof xs)[number]);
  const asked = outputs.filter(({ loss }) => loss !== undefined);
  const names = asked.map(({ name }) => name);
  const targets = entriesOf<ArrayLike>(rawY as TargetsLike & ArrayLike, names, `${what}: y`);
  const label = (kind: string, name: string) =>
    asked.length === 1 ? `${what}: ${kind}` : `${what}: ${kind} "${name}"`;
  const prepared = asked.map(({ name, shape, loss }, index) => {
    const output = [1, ...shape];
    const y = alignTargets(loss as Loss, toNdArray(targets[index] as ArrayLike, "float32", label("y", name)), output);
    checkExamples(y, size, label("y", name));
    (loss as Loss).checkTargets(y, output);
    return y;
  });
  const weights = weightsOf(sampleWeight, asked, size, label);
  const weighted = classWeight === undefined ? weights : [byClass(classWeight, prepared, sampleWeight, what)];
  const at = <T>(list: readonly T[], output: TargetSpec) => list[asked.indexOf(output)];
  return {
    size,
    xs,
    ys: outputs.map((output) => at(prepared, output)),
    weights: outputs.map((output) => at(weighted, output)),
  };
}

/** The parts that the given data has. */
function partsOf(given: DataLike): Partial<DataParts> {
  if (typeof given !== "object" || given === null) return {};
  if (!Array.isArray(given)) return given as DataParts;
  const [x, y, sampleWeight] = given as readonly [InputsLike, TargetsLike, TargetsLike | undefined];
  return { x, y, sampleWeight };
}

/** Sample weights in the shape of the losses' values: `[N]` plus any axes that the loss does not reduce. */
function weightsOf(
  given: TargetsLike | undefined,
  asked: readonly TargetSpec[],
  size: number,
  label: (kind: string, name: string) => string,
): readonly (NdArray | undefined)[] {
  if (given === undefined) return asked.map(() => undefined);
  const names = asked.map(({ name }) => name);
  const isOne = asked.length > 1 && isArrayLike(given) && !hasParts(given);
  // As in Keras, a single array of weights applies to every output.
  const list = isOne
    ? asked.map(() => given as ArrayLike)
    : entriesOf<ArrayLike>(given as TargetsLike & ArrayLike, names, label("sampleWeight", ""));
  return asked.map(({ name, shape }, index) => {
    const what = label("sampleWeight", name);
    const array = toNdArray(list[index] as ArrayLike, "float32", what);
    const trimmed = array.shape.length > 1 && array.shape.at(-1) === 1 ? array.shape.slice(0, -1) : array.shape;
    const kept = shape.slice(0, -1);
    const fits =
      trimmed.length >= 1 &&
      trimmed.length <= kept.length + 1 &&
      sameShape(trimmed, [size, ...kept].slice(0, trimmed.length));
    if (!fits) {
      throw new ShapeError(
        `${what} is ${formatShape(array.shape)}; expected ` +
          (kept.length === 0
            ? `${formatShape([size])}: one weight for each example`
            : `${formatShape([size])} or ${formatShape([size, ...kept])}: one weight for each example or timestep`),
        { shape: array.shape, size },
      );
    }
    checkExamples(array, size, what);
    const bad = array.data.findIndex((weight) => weight < 0);
    if (bad >= 0) throw new ValueError(`${what}: element ${bad} is ${array.data[bad]}; expected weights ≥ 0`, { bad });
    return { shape: trimmed, data: array.data };
  });
}

function hasParts(given: unknown): boolean {
  return Array.isArray(given) && given.some((part) => isShaped(part) || isRow(part));
}

/** As in Keras, the class is the target's value, or the argmax of a one-hot row. */
function byClass(classWeight: ClassWeight, targets: readonly NdArray[], sampleWeight: unknown, what: string): NdArray {
  const [y] = targets;
  if (y === undefined || targets.length !== 1) {
    throw new ValueError(`${what}: classWeight is for models with one output; give sampleWeight per output instead`);
  }
  if (sampleWeight !== undefined) {
    throw new ValueError(
      `${what}: got classWeight and sampleWeight; expected one of them: multiply the weights yourself`,
    );
  }
  for (const [name, weight] of Object.entries(classWeight)) {
    if (Number.isInteger(Number(name)) && Number.isFinite(weight) && weight >= 0) continue;
    throw new ValueError(
      `${what}: classWeight holds ${name}: ${shown(weight)}; expected class indices with finite weights ≥ 0, such as ` +
        "{ 0: 1, 1: 5 }",
      { classWeight },
    );
  }
  const classes = y.shape.length > 1 ? (y.shape.at(-1) as number) : 1;
  const count = sizeOf(y.shape) / classes;
  const data = Float32Array.from({ length: count }, (_, row) => {
    const values = y.data.subarray(row * classes, (row + 1) * classes);
    const number = classes === 1 ? Math.round(values[0] as number) : values.indexOf(Math.max(...values) as never);
    return classWeight[number] ?? 1;
  });
  return { shape: y.shape.length > 1 ? y.shape.slice(0, -1) : y.shape, data };
}

/** True when an argument is data rather than an options object. */
export function isArrayLike(value: unknown): value is ArrayLike {
  return typeof value === "number" || isRow(value) || isShaped(value);
}

/**
 * Distinguishes `(data, options)` from `(x, y, options)`; a plain object with an output's name holds targets.
 * @param read parses the options
 * @throws ValueError for an unknown option or a value of the wrong type.
 */
export function splitArguments<O extends { readonly sampleWeight: TargetsLike | undefined }>(
  what: string,
  [first, second, third]: readonly [DataLike | BatchStream | InputsLike, unknown, unknown],
  outputNames: readonly string[],
  read: (what: string, given: unknown) => O,
): { data: DataLike | BatchStream; options: O } {
  const hasTargets = !isStream(first) && (isArrayLike(second) || isByName(second, outputNames));
  const options = read(`${what}(${hasTargets ? "x, y" : "data"})`, (hasTargets ? third : second) ?? {});
  if (isStream(first)) return { data: first, options };
  const data = hasTargets ? { x: first as InputLike, y: second as TargetsLike } : (first as DataLike);
  return { data: withWeights(data, options.sampleWeight), options };
}

function withWeights(data: DataLike, sampleWeight: TargetsLike | undefined): DataLike {
  if (sampleWeight === undefined) return data;
  const parts = partsOf(data);
  if (parts.sampleWeight !== undefined) {
    throw new ValueError("got sampleWeight among the data and as an option; expected it once");
  }
  return { ...parts, sampleWeight } as DataParts;
}

function isByName(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && !isRagged(value) && keys.some((key) => names.includes(key));
}
