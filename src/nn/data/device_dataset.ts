import type { NdArray } from "../../core/nd_array.ts";
import { input, type Value, Variable } from "../../graph/operation.ts";
import { rowBatch, sequenceBatch } from "../../ops/data/batch.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import type { Device } from "../../runtime/device.ts";
import { variablesOf } from "../../runtime/run/variables.ts";
import type { Batch, BatchSource, OpenBatch } from "./batch_source.ts";
import type { Column, Examples } from "./examples.ts";

type Take = (position: Value, batchSize: number) => Value;

/** Examples that are uploaded to the GPU once; each step gathers its batch there by a permutation and an offset. */
export class DeviceDataset implements BatchSource<number> {
  readonly size: number;
  readonly #device: Device;
  readonly #permutation: Variable;
  readonly #tables: Variable[] = [];
  readonly #name: string;
  readonly #xs: readonly Take[];
  readonly #ys: readonly (Take | undefined)[];
  readonly #weights: readonly (Take | undefined)[];

  constructor(device: Device, data: Examples, name: string) {
    this.#device = device;
    this.#name = name;
    this.size = data.size;
    this.#permutation = this.#ids(
      "permutation",
      Int32Array.from({ length: data.size }, (_, index) => index),
    );
    this.#xs = data.xs.map((x, index) => this.#column(`x ${index}`, x));
    this.#ys = data.ys.map((y, index) => y && this.#rows(`y ${index}`, y));
    this.#weights = data.weights.map((weight, index) => weight && this.#rows(`weight ${index}`, weight));
  }

  #table(label: string, array: NdArray): Variable {
    const table = new Variable({
      name: `${this.#name}/${label}`,
      shape: array.shape,
      dtype: array.data instanceof Int32Array ? "int32" : "float32",
      trainable: false,
      initial: () => array,
    });
    this.#tables.push(table);
    return table;
  }

  #ids(label: string, list: Int32Array): Variable {
    return this.#table(label, { shape: [list.length], data: list });
  }

  #rows(label: string, array: NdArray): Take {
    const { value } = this.#table(label, array);
    return (position, batchSize) => rowBatch(value, this.#permutation.value, position, batchSize);
  }

  #column(label: string, column: Column): Take {
    if (!("kind" in column)) return this.#rows(label, column);
    // A buffer cannot be empty: a data set of empty rows stores one unused id.
    const ids = this.#ids(`${label}: ids`, column.ids.length > 0 ? column.ids : new Int32Array(1)).value;
    const offsets = this.#ids(`${label}: offsets`, column.offsets).value;
    const { length, padding } = column;
    return (position, batchSize) =>
      sequenceBatch(
        { ids, offsets, permutation: this.#permutation.value, position },
        { batchSize, length, paddingPre: padding === "pre" },
      );
  }

  /** Opens batches; each run is given the offset of its batch in the permutation. */
  open(): OpenBatch<number> {
    const position = input("position", [], "int32");
    return {
      rows: (from, count) => this.batch(from === 0 ? position : add(position, from), count),
      inputs: [position],
      feeds: (at) => [[position, { shape: [], data: Int32Array.of(at) }]],
    };
  }

  /** The rows `permutation[position … position + batchSize)`. */
  batch(position: Value, batchSize: number): Batch {
    return {
      xs: this.#xs.map((take) => take(position, batchSize)),
      ys: this.#ys.map((take) => take?.(position, batchSize)),
      weights: this.#weights.map((take) => take?.(position, batchSize)),
    };
  }

  /** Sets the order in which the next steps read rows. */
  setOrder(order: Int32Array): void {
    variablesOf(this.#device).write(this.#permutation, { shape: [this.size], data: order });
  }

  /** Frees the data on the GPU. */
  dispose(): void {
    variablesOf(this.#device).release(this.#tables);
  }
}
