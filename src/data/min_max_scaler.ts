/** Scales columns to a range, 0 to 1 by default. */
import { FormatError } from "../core/errors.ts";
import { choiceOf, numbersOf, objectOf } from "../core/json_check.ts";
import { type OptionKind, readOptions, readValue, type TableOf, text, withDefault } from "../core/option_table.ts";
import { type Column, Scaler } from "./column_scaler.ts";

/** Options of `minMaxScaler`. */
export interface MinMaxScalerOptions {
  /** The range that each column's smallest and largest values are mapped to; [0, 1] by default. */
  readonly featureRange?: readonly [number, number];
}

const range: OptionKind<readonly [number, number]> = {
  expected: "two numbers, the first smaller",
  read: (value) => {
    const [low, high, ...more] = Array.isArray(value) ? value : [];
    return Number.isFinite(low) && Number.isFinite(high) && low < high && more.length === 0 ? [low, high] : undefined;
  },
};

const MIN_MAX = { featureRange: withDefault(range, [0, 1]) } satisfies TableOf<MinMaxScalerOptions>;

/** A MinMaxScaler as plain JSON; without `dataMin` and `dataMax` before `fit`. */
export interface MinMaxScalerJson {
  readonly kind: "minMaxScaler";
  readonly featureRange: readonly [number, number];
  readonly dataMin?: readonly number[];
  readonly dataMax?: readonly number[];
}

/**
 * Maps each column's smallest value to the start of `featureRange` and its largest to the end. Values outside the range
 * that `fit` saw are mapped outside `featureRange`. A constant column is mapped to the start, and `inverseTransform`
 * restores it. scikit-learn: https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.MinMaxScaler.html
 */
export class MinMaxScaler extends Scaler {
  protected readonly what = "minMaxScaler";
  readonly featureRange: readonly [number, number];
  #dataMin: readonly number[] | undefined;
  #dataMax: readonly number[] | undefined;

  /** @throws ValueError if `featureRange` is not ascending. */
  constructor(options: MinMaxScalerOptions = {}) {
    super();
    this.featureRange = readOptions("minMaxScaler", MIN_MAX, options).featureRange;
  }

  /** The smallest value of each column that `fit` saw. */
  get dataMin(): readonly number[] | undefined {
    return this.#dataMin;
  }

  /** The largest value of each column that `fit` saw. */
  get dataMax(): readonly number[] | undefined {
    return this.#dataMax;
  }

  /** This scaler as plain JSON. */
  toJSON(): MinMaxScalerJson {
    const [dataMin, dataMax] = [this.#dataMin, this.#dataMax];
    return { kind: "minMaxScaler", featureRange: this.featureRange, ...(dataMin && dataMax && { dataMin, dataMax }) };
  }

  /**
   * Restores a scaler from the result of `toJSON`, and checks every field; `what` is its name in error messages.
   * @throws FormatError naming the field that is missing or wrong.
   */
  static fromJSON(json: unknown, what = "scaler"): MinMaxScaler {
    readValue("MinMaxScaler.fromJSON", "what", text, what);
    const fields = objectOf(json, what);
    choiceOf(fields.get("kind"), `${what}.kind`, ["minMaxScaler"]);
    const [low, high, ...more] = numbersOf(fields.get("featureRange"), `${what}.featureRange`);
    if (low === undefined || high === undefined || more.length > 0 || !(low < high))
      throw new FormatError(`${what}.featureRange: expected two numbers, the first smaller`);
    const scaler = new MinMaxScaler({ featureRange: [low, high] });
    if (!fields.has("dataMin")) return scaler;
    const dataMin = numbersOf(fields.get("dataMin"), `${what}.dataMin`);
    const dataMax = numbersOf(fields.get("dataMax"), `${what}.dataMax`, dataMin.length);
    if (dataMin.some((least, column) => least > (dataMax[column] as number)))
      throw new FormatError(`${what}.dataMin: a number is above dataMax of its column`);
    scaler.#adopt(dataMin, dataMax);
    return scaler;
  }

  protected learn(columns: readonly Column[]): void {
    const bounds = columns.map((column) => {
      let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const value of column) [least, most] = [Math.min(least, value), Math.max(most, value)];
      return { least, most };
    });
    this.#adopt(
      bounds.map(({ least }) => least),
      bounds.map(({ most }) => most),
    );
  }

  #adopt(dataMin: readonly number[], dataMax: readonly number[]): void {
    const [low, high] = this.featureRange;
    this.#dataMin = dataMin;
    this.#dataMax = dataMax;
    this.use(
      dataMin.map((least, column) => {
        const range = (dataMax[column] as number) - least;
        return { shift: least, factor: (high - low) / (range === 0 ? 1 : range), base: low };
      }),
    );
  }
}

/**
 * Creates a scaler to a range.
 * @throws ValueError if `featureRange` is not ascending.
 *
 * @example
 * const scaler = minMaxScaler().fit(train);
 * const inRange = scaler.transform(train); // 0 to 1
 * const prices = scaler.inverseTransform(await model.predict(x));
 */
export function minMaxScaler(options: MinMaxScalerOptions = {}): MinMaxScaler {
  return new MinMaxScaler(options);
}
