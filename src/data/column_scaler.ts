/**
 * The base class of the scalers: an affine map of each column, determined by `fit` and undone by `inverseTransform`.
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import { type ArrayLike, type NdArray, toNdArray } from "../core/nd_array.ts";
import { count, optional, readOptions } from "../core/option_table.ts";
import { formatShape } from "../core/shape.ts";

/** The map of a column: `(value - shift) · factor + base`. */
export interface ColumnMap {
  readonly shift: number;
  readonly factor: number;
  readonly base: number;
}

/** Options of `inverseTransform`. */
export interface InverseOptions {
  /** The column that all values belong to. Default: the last axis of `x` is the columns. */
  readonly column?: number | undefined;
}

const INVERSE = { column: optional(count) };

/** The values of a column, in order. */
export type Column = Iterable<number>;

/**
 * Scales each column of a series by the statistics of the data given to `fit`. The last axis of `[N, F]` or `[N, T, F]`
 * is the columns; `[N]` is one column. Fit it only on the training part, otherwise information about the test part
 * leaks into the model.
 */
export abstract class Scaler {
  /** The scaler's name in error messages. */
  protected abstract readonly what: string;
  #maps: readonly ColumnMap[] | undefined;

  /** The number of columns it was fitted on; undefined before `fit`. */
  get columns(): number | undefined {
    return this.#maps?.length;
  }

  /**
   * Determines the map of each column of `x`, replacing earlier ones. As in scikit-learn, missing values (NaN) are
   * ignored.
   * @throws ShapeError for a single number, or when there are no values.
   * @throws ValueError if a value is infinite, or a column holds only NaN.
   */
  fit(x: ArrayLike): this {
    const { data, columns } = this.#read(x, "fit");
    if (data.length === 0)
      throw new ShapeError(`${this.what}.fit: there are no values; expected at least one in each column`);
    const values = Array.from({ length: columns }, (_, column) =>
      data.filter((value, index) => index % columns === column && !Number.isNaN(value)),
    );
    const empty = values.findIndex(({ length }) => length === 0);
    if (empty >= 0) {
      throw new ValueError(`${this.what}.fit: column ${empty} holds only NaN; expected at least one number`, {
        column: empty,
      });
    }
    this.learn(values);
    return this;
  }

  /**
   * Scales `x`, keeping its shape, and its missing values (NaN) as they are.
   * @throws ValueError before `fit`, or when a value is infinite.
   * @throws ShapeError if `x` has another number of columns than the data given to `fit`.
   */
  transform(x: ArrayLike): NdArray {
    return this.#map(x, "transform", (value, { shift, factor, base }) => (value - shift) * factor + base);
  }

  /** Calls `fit(x)`, then `transform(x)`; for the training part. */
  fitTransform(x: ArrayLike): NdArray {
    return this.fit(x).transform(x);
  }

  /**
   * Undoes `transform`: scaled values, such as a model's output, in the units of the data. With `column`, all values of
   * `x`, of any shape, are of that one column: forecasts of one column of several.
   * @throws as `transform`; ValueError if the column does not exist.
   *
   * @example
   * const scaler = standardScaler().fit(rows); // [N, 2]
   * const scaled = await model.predict(x); // forecasts of column 1, [B, horizon]
   * const forecasts = scaler.inverseTransform(scaled, { column: 1 });
   */
  inverseTransform(x: ArrayLike, options: InverseOptions = {}): NdArray {
    const { column } = readOptions(`${this.what}.inverseTransform`, INVERSE, options);
    const undo = (value: number, { shift, factor, base }: ColumnMap) => (value - base) / factor + shift;
    return this.#map(x, "inverseTransform", undo, column ?? undefined);
  }

  /** Computes each column's map from its values, and calls `use`. */
  protected abstract learn(columns: readonly Column[]): void;

  /** Sets the maps of all columns. */
  protected use(maps: readonly ColumnMap[]): void {
    this.#maps = maps;
  }

  #map(x: ArrayLike, method: string, apply: (value: number, map: ColumnMap) => number, only?: number): NdArray {
    const all = this.#maps;
    if (all === undefined)
      throw new ValueError(`${this.what}.${method}: the scaler is not fitted; call fit(training) first`);
    const { shape, data, columns: found } = this.#read(x, method);
    const maps = only === undefined ? all : all.slice(only, only + 1);
    if (maps.length === 0) {
      throw new ValueError(
        `${this.what}.${method}: column is ${only}; the scaler was fitted on ${all.length} column(s)`,
        {
          column: only,
        },
      );
    }
    const columns = only === undefined ? found : 1;
    if (columns !== maps.length) {
      throw new ShapeError(
        `${this.what}.${method}: the array is ${formatShape(shape)}, ${columns} column(s) on its last axis; expected ` +
          `${maps.length}, as in fit`,
        { shape, columns, expected: maps.length },
      );
    }
    const scaled = Float32Array.from(data, (value, index) => apply(value, maps[index % columns] as ColumnMap));
    return { shape, data: scaled };
  }

  #read(x: ArrayLike, method: string): NdArray & { readonly columns: number } {
    const what = `${this.what}.${method}`;
    const { shape, data } = toNdArray(x, "float32", what);
    if (shape.length === 0)
      throw new ShapeError(`${what}: got a single number; expected [N], [N, F] or [N, T, F]`, { shape });
    const columns = shape.length === 1 ? 1 : (shape.at(-1) as number);
    const bad = data.findIndex((value) => !Number.isFinite(value) && !Number.isNaN(value));
    if (bad >= 0) {
      const [row, column] = [Math.floor(bad / columns), bad % columns];
      throw new ValueError(`${what}: row ${row}, column ${column} is ${data[bad]}; expected finite numbers, or NaN`, {
        row,
        column,
        value: data[bad],
      });
    }
    return { shape, data, columns };
  }
}
