/** Converts true and predicted classes from any accepted form. */
import { argmax } from "../../core/argmax.ts";
import { ShapeError, ValueError } from "../../core/errors.ts";
import { type ArrayLike, isRow, toNdArray } from "../../core/nd_array.ts";
import { listOf, type OptionKind, optional, text } from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import { formatShape } from "../../core/shape.ts";

/**
 * Classes of examples: indices or names, `[N]`; one-hot rows or probabilities, `[N, C]`; with two classes, the
 * probability of the second, `[N]` or `[N, 1]`.
 */
export type ClassesLike = ArrayLike | readonly string[];

/** Options of `confusionMatrix` and `classificationReport`. */
export interface ClassOptions {
  /**
   * The class names, ordered by class index. Default: the names that occur, sorted; for `[N, C]`, the indices 0 to C −
   * 1; otherwise the indices that occur.
   */
  readonly labels?: readonly string[] | undefined;
}

const texts = listOf(text);
const labelsKind: OptionKind<readonly string[]> = {
  expected: "a list of unique class names",
  read: (value) => {
    const names = texts.read(value);
    return names !== undefined && names.length > 0 && new Set(names).size === names.length ? names : undefined;
  },
};

/** The table of `ClassOptions`. */
export const CLASS_OPTIONS = { labels: optional(labelsKind) };

/** Examples with their true and predicted classes, as indices into `labels`. */
export interface Examples {
  readonly labels: readonly string[];
  readonly pairs: readonly (readonly [truth: number, predicted: number])[];
}

type ClassKey = string | number;

/** The true or predicted classes: indices or names, and the number of classes if the form determines it. */
interface Side {
  readonly values: readonly ClassKey[];
  readonly count?: number;
}

/** As in `binaryAccuracy`, a probability above it predicts the second class. */
const THRESHOLD = 0.5;

function wrongValue(what: string, value: unknown, expected: string): ValueError {
  return new ValueError(`${what} holds ${shown(value)}; expected ${expected}`, { value });
}

/**
 * Reads true and predicted classes.
 * @throws ShapeError unless both have the same number of examples, at least one.
 * @throws ValueError for an invalid class.
 */
export function readExamples(
  what: string,
  yTrue: ClassesLike,
  yPred: ClassesLike,
  labels: readonly string[] | null,
): Examples {
  const truth = sideOf(`${what}: yTrue`, yTrue, false);
  const predicted = sideOf(`${what}: yPred`, yPred, true);
  const sizes = [truth.values.length, predicted.values.length];
  if (sizes[0] !== sizes[1] || sizes[0] === 0) {
    throw new ShapeError(
      `${what}: yTrue holds ${sizes[0]} examples and yPred ${sizes[1]}; expected the same number, at least one`,
      { sizes },
    );
  }
  const classes = labels ?? classesIn(what, truth, predicted);
  const placeOf = (side: string, value: ClassKey) => {
    // If the classes have names, numbers are indices into them.
    const place = typeof value === "number" && labels !== null ? value : classes.indexOf(value);
    if (classes[place] === undefined) {
      throw wrongValue(`${what}: ${side}`, value, `one of ${classes.length} classes: ${classes.join(", ")}`);
    }
    return place;
  };
  return {
    labels: classes.map(String),
    pairs: predicted.values.map((value, index) => [
      placeOf("yTrue", truth.values[index] ?? ""),
      placeOf("yPred", value),
    ]),
  };
}

/** The classes that occur, or one per column. */
function classesIn(what: string, truth: Side, predicted: Side): readonly ClassKey[] {
  const values = [...truth.values, ...predicted.values];
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length > 0 && numbers.length < values.length) {
    throw new ValueError(`${what}: one of yTrue and yPred holds names; give labels, the names by class index`);
  }
  const count = Math.max(truth.count ?? 0, predicted.count ?? 0);
  if (count > 0) return Array.from({ length: count }, (_, index) => index);
  return numbers.length > 0 ? [...new Set(numbers)].sort((a, b) => a - b) : [...new Set(values)].sort();
}

function isNames(value: ClassesLike): value is readonly string[] {
  return isRow(value) && value.length > 0 && [...value].every((each) => typeof each === "string");
}

function sideOf(what: string, given: ClassesLike, isPrediction: boolean): Side {
  if (isNames(given)) return { values: given };
  const { shape, data } = toNdArray(given, "float32", what);
  const expectAll = (fits: (value: number, index: number) => boolean, expected: string) => {
    const bad = data.find((value, index) => !fits(value, index));
    if (bad !== undefined) throw wrongValue(what, bad, expected);
  };
  const [, columns = 1] = shape;
  if (shape.length < 1 || shape.length > 2) {
    throw new ShapeError(`${what} has the shape ${formatShape(shape)}; expected [N] or [N, C]`, { shape });
  }
  if (columns > 1) {
    const isOneHot = (value: number, index: number) => {
      const row = index - (index % columns);
      return (value === 0 || value === 1) && data.subarray(row, row + columns).filter(Boolean).length === 1;
    };
    expectAll(Number.isFinite, "finite numbers");
    if (!isPrediction) expectAll(isOneHot, "one-hot rows: a 1 and zeros");
    return { values: Array.from(argmax({ shape, data }, { axis: -1 }).data), count: columns };
  }
  if (data.every(Number.isInteger)) return { values: Array.from(data) };
  if (!isPrediction) expectAll(Number.isInteger, "integer class indices");
  expectAll((value) => value >= 0 && value <= 1, "class indices, or probabilities from 0 to 1, as of a sigmoid");
  return { values: Array.from(data, (value) => Number(value > THRESHOLD)), count: 2 };
}
