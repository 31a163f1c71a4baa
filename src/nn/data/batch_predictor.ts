/** Prediction in batches, independent of what runs them: a model's programs or saved plans. */
import { full, type NdArray } from "../../core/nd_array.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import type { Device } from "../../runtime/device.ts";
import { Pacer } from "../../runtime/run/pacer.ts";
import { type Column, rowsOf, sizeOfColumn } from "./examples.ts";

/** Runs a batch of a fixed number of rows. */
export interface BatchRun {
  readonly rows: number;
  /** Runs one batch. */
  run(arrays: readonly NdArray[], pacer: Pacer): Promise<NdArray[]>;
}

/** Returns what runs the next batch, given the number of rows left; a larger batch is padded with zeros. */
export type NextBatch = (rowsLeft: number) => BatchRun | Promise<BatchRun>;

/** The outputs for validated inputs, each `[N, ...shape]`. */
export async function predictInBatches(
  device: Device,
  columns: readonly Column[],
  outputShapes: readonly Shape[],
  nextBatch: NextBatch,
  signal?: AbortSignal,
): Promise<NdArray[]> {
  const size = sizeOfColumn(columns[0] as Column);
  const results = outputShapes.map((shape) => full([size, ...shape], "float32", 0));
  const pacer = new Pacer(device);
  for (let start = 0; start < size; ) {
    signal?.throwIfAborted();
    const { rows, run } = await nextBatch(size - start);
    const count = Math.min(rows, size - start);
    const arrays = columns.map((column) => filledUp(rowsOf(column, start, count), rows));
    const outputs = await run(arrays, pacer);
    results.forEach(({ shape, data }, index) => {
      const width = sizeOf(shape.slice(1));
      data.set((outputs[index] as NdArray).data.subarray(0, count * width), start * width);
    });
    start += count;
  }
  return results;
}

/** Pads the array with rows of zeros. */
function filledUp(array: NdArray, rows: number): NdArray {
  const [count = rows, ...rest] = array.shape;
  if (count === rows) return array;
  const filled = full([rows, ...rest], array.data instanceof Float32Array ? "float32" : "int32", 0);
  filled.data.set(array.data);
  return filled;
}
