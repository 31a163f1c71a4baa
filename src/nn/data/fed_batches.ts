import type { NdArray } from "../../core/nd_array.ts";
import { input, type Value } from "../../graph/operation.ts";
import { slice } from "../../ops/data/movement.ts";
import type { Batch, BatchSource, OpenBatch } from "./batch_source.ts";
import { type Examples, rowsOf } from "./examples.ts";

/** Batches that the host feeds at each step; all must have the shapes of the first one. */
export class FedBatches implements BatchSource<Examples> {
  readonly #like: Examples;

  constructor(like: Examples) {
    this.#like = like;
  }

  /** A key for everything but the size that batches must share to be fed to the same program. */
  static shapeOf({ xs, ys, weights }: Examples): string {
    const shape = (array: NdArray | undefined) => array?.shape.slice(1).join("x") ?? "none";
    const columns = xs.map((x) => ("kind" in x ? String(x.length) : shape(x)));
    return [columns, ys.map(shape), weights.map(shape)].map((list) => list.join()).join(";");
  }

  /** The graph inputs of a step with `batchSize` rows, and their feeds. */
  open(batchSize: number): OpenBatch<Examples> {
    const inputs: Value[] = [];
    const open = (name: string, { shape, data }: NdArray): Value => {
      const value = input(name, [batchSize, ...shape.slice(1)], data instanceof Int32Array ? "int32" : "float32");
      inputs.push(value);
      return value;
    };
    const batch: Batch = {
      xs: this.#like.xs.map((x, index) => open(`x ${index}`, rowsOf(x, 0, 1))),
      ys: this.#like.ys.map((y, index) => y && open(`y ${index}`, y)),
      weights: this.#like.weights.map((weight, index) => weight && open(`weight ${index}`, weight)),
    };
    const rows = (from: number, count: number): Batch => {
      const cut = (value: Value) => (count === batchSize ? value : rowsFrom(value, from, count));
      const { xs, ys, weights } = batch;
      return {
        xs: xs.map(cut),
        ys: ys.map((y) => y && cut(y)),
        weights: weights.map((weight) => weight && cut(weight)),
      };
    };
    return { rows, inputs, feeds: (examples) => feedsOf(batch, examples) };
  }
}

/** Rows `[from, from + count)`. */
function rowsFrom(value: Value, from: number, count: number): Value {
  const [, ...rest] = value.shape;
  return slice(value, [from, ...rest.map(() => 0)], [count, ...rest]);
}

function* feedsOf(batch: Batch, { size, xs, ys, weights }: Examples): Iterable<readonly [Value, NdArray]> {
  for (const [index, value] of batch.xs.entries()) {
    const column = xs[index];
    if (column !== undefined) yield [value, rowsOf(column, 0, size)];
  }
  for (const [values, arrays] of [
    [batch.ys, ys],
    [batch.weights, weights],
  ] as const) {
    for (const [index, value] of values.entries()) {
      const array = arrays[index];
      if (value !== undefined && array !== undefined) yield [value, array];
    }
  }
}
