/**
 * The base class of the scalers: an affine map of each column, determined by `fit` and undone by `inverseTransform`.
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import { type ArrayLike, type NdArray, toNdArray } from "../core/nd_array.ts";
import { formatShape } from "../core/shape.ts";

/** The map of a column: `(value - shift) · factor + base`. */
export interface ColumnMap {
  readonly shift: number;
  readonly factor: number;
  readonly base: number;
}

/** The values of a column, in order. */
export type Column = Iterable<number>;

/**
 * Scales each column of a series by the statistics of the data given to `fit`. The last axis of `[N, F]` or `[N, T, F]`
 * is the columns; `[N]` is one column. Fit it on the training part alone, or information about the test part leaks into
 * the model.
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
   * Determines the map of each column of `x`, replacing earlier ones.
   * @throws ShapeError for a single number, or when there are no values.
   * @throws ValueError when a value is not finite.
   */
  fit(x: ArrayLike): this {
    const { data, columns } = this.#read(x, "fit");
    if (data.length === 0)
      throw new ShapeError(`${this.what}.fit: there are no values; expected at least one in each column`);
    this.learn(
      Array.from({ length: columns }, (_, column) => ({
        *[Symbol.iterator]() {
          for (let index = column; index < data.length; index += columns) yield data[index] as number;
        },
      })),
    );
    return this;
  }

  /**
   * Scales `x`, keeping its shape.
   * @throws ValueError before `fit`, or when a value is not finite.
   * @throws ShapeError when `x` has another number of columns than the data given to `fit`.
   */
  transform(x: ArrayLike): NdArray {
    return this.#map(x, "transform", (value, { shift, factor, base }) => (value - shift) * factor + base);
  }

  /** `fit(x)`, then `transform(x)`: for the training part. */
  fitTransform(x: ArrayLike): NdArray {
    return this.fit(x).transform(x);
  }

  /**
   * Undoes `transform`: scaled values, such as a model's output, in the units of the data.
   * @throws as `transform`.
   */
  inverseTransform(x: ArrayLike): NdArray {
    return this.#map(x, "inverseTransform", (value, { shift, factor, base }) => (value - base) / factor + shift);
  }

  /** Computes each column's map from its values, and calls `use`. */
  protected abstract learn(columns: readonly Column[]): void;

  /** Sets the maps of all columns. */
  protected use(maps: readonly ColumnMap[]): void {
    this.#maps = maps;
  }

  #map(x: ArrayLike, method: string, apply: (value: number, map: ColumnMap) => number): NdArray {
    const maps = this.#maps;
    if (maps === undefined)
      throw new ValueError(`${this.what}.${method}: the scaler is not fitted; call fit(training) first`);
    const { shape, data, columns } = this.#read(x, method);
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
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      const [row, column] = [Math.floor(bad / columns), bad % columns];
      throw new ValueError(
        `${what}: row ${row}, column ${column} is ${data[bad]}; expected finite numbers: remove or fill it first`,
        { row, column, value: data[bad] },
      );
    }
    return { shape, data, columns };
  }
}
