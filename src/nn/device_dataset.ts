import type { NdArray } from "../core/nd_array.ts";
import type { Dataset } from "../data/dataset.ts";
import { type Value, Variable } from "../graph/operation.ts";
import { rowBatch, sequenceBatch } from "../ops/batch.ts";
import type { Device } from "../runtime/device.ts";
import { variablesOf } from "../runtime/variables.ts";

/** A data set on the GPU: uploaded once; each step takes its batch there, by a permutation and a position. */
export class DeviceDataset {
  readonly size: number;
  readonly #device: Device;
  readonly #permutation: Variable;
  readonly #y: Variable;
  readonly #x: readonly Variable[];
  readonly #takeX: (position: Value, batchSize: number) => Value;

  constructor(device: Device, data: Dataset, name: string) {
    this.#device = device;
    this.size = data.size;
    const table = (label: string, array: NdArray) =>
      new Variable({
        name: `${name}/${label}`,
        shape: array.shape,
        dtype: array.data instanceof Int32Array ? "int32" : "float32",
        trainable: false,
        initial: () => array,
      });
    const ids = (label: string, list: Int32Array) => table(label, { shape: [list.length], data: list });
    this.#permutation = ids(
      "permutation",
      Int32Array.from({ length: data.size }, (_, index) => index),
    );
    this.#y = table("y", data.y);
    const permutation = this.#permutation.value;
    if (data.kind === "ragged") {
      // A buffer cannot be empty: a data set of empty rows keeps one unused id.
      const tokens = ids("ids", data.x.ids.length > 0 ? data.x.ids : new Int32Array(1));
      const offsets = ids("offsets", data.x.offsets);
      this.#x = [tokens, offsets];
      const { length, padding } = data.x;
      this.#takeX = (position, batchSize) =>
        sequenceBatch(
          { ids: tokens.value, offsets: offsets.value, permutation, position },
          { batchSize, length, paddingPre: padding === "pre" },
        );
    } else {
      const x = table("x", data.x);
      this.#x = [x];
      this.#takeX = (position, batchSize) => rowBatch(x.value, permutation, position, batchSize);
    }
  }

  /** The rows `permutation[position … position + batchSize)`. */
  batch(position: Value, batchSize: number): { readonly x: Value; readonly y: Value } {
    return {
      x: this.#takeX(position, batchSize),
      y: rowBatch(this.#y.value, this.#permutation.value, position, batchSize),
    };
  }

  /** The order in which the next steps take rows. */
  setOrder(order: Int32Array): void {
    variablesOf(this.#device).write(this.#permutation, { shape: [this.size], data: order });
  }

  /** Frees the data on the GPU. */
  dispose(): void {
    variablesOf(this.#device).release([this.#permutation, this.#y, ...this.#x]);
  }
}
