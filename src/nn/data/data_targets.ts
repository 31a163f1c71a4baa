/** Inputs with targets and weights, as `fit` and `evaluate` take them, brought into one form and checked. */
import { ShapeError, ValueError } from "../../core/errors.ts";
import { type ArrayLike, isRow, isShaped, type NdArray, toNdArray } from "../../core/nd_array.ts";
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

/** What an output's targets must be. */
export interface TargetSpec {
  readonly name: string;
  /** The output's shape without the batch. */
  readonly shape: Shape;
  /** Undefined where nothing is asked of the output. */
  readonly loss: Loss | undefined;
}

/** Weights by class number, as `fit` takes them. Classes that are not named count 1. */
export type ClassWeight = Readonly<Record<number, number>>;

/**
 * Brings data into checked examples whose targets have the losses' shapes.
 * @throws ShapeError or ValueError; nothing has been uploaded then.
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

/** The parts of what was given for a data set, as far as it has them. */
function partsOf(given: DataLike): Partial<DataParts> {
  if (typeof given !== "object" || given === null) return {};
  if (!Array.isArray(given)) return given as DataParts;
  const [x, y, sampleWeight] = given as readonly [InputsLike, TargetsLike, TargetsLike | undefined];
  return { x, y, sampleWeight };
}

/** Sample weights in the shape of the losses' values: `[N]`, or with the axes that a loss keeps. */
function weightsOf(
  given: TargetsLike | undefined,
  asked: readonly TargetSpec[],
  size: number,
  label: (kind: string, name: string) => string,
): readonly (NdArray | undefined)[] {
  if (given === undefined) return asked.map(() => undefined);
  const names = asked.map(({ name }) => name);
  const isOne = asked.length > 1 && isArrayLike(given) && !hasParts(given);
  // As in Keras, one array of weights counts for every output.
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

/** Keras: the class is the target's number, or the largest of a one-hot row. */
function byClass(classWeight: ClassWeight, targets: readonly NdArray[], sampleWeight: unknown, what: string): NdArray {
  const [y] = targets;
  if (y === undefined || targets.length !== 1) {
    throw new ValueError(`${what}: classWeight is for models of one output; give sampleWeight for each output instead`);
  }
  if (sampleWeight !== undefined) {
    throw new ValueError(
      `${what}: got classWeight and sampleWeight; expected one of them: multiply the weights yourself`,
    );
  }
  for (const [name, weight] of Object.entries(classWeight)) {
    if (Number.isInteger(Number(name)) && Number.isFinite(weight) && weight >= 0) continue;
    throw new ValueError(
      `${what}: classWeight holds ${name}: ${weight}; expected class numbers with finite weights ≥ 0, such as { ` +
        "0: 1, 1: 5 }",
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
 * Tells `(data, options)` from `(x, y, options)`; a plain object with an output's name holds targets.
 * @param read reads the options
 * @throws ValueError for an option that is unknown, or of another kind.
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
