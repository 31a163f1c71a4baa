import type { NdArray } from "../core/nd_array.ts";
import { sizeOf } from "../core/shape.ts";
import type { Dataset } from "../data/dataset.ts";
import { type RaggedSequences, takeRaggedRows, toPadded } from "../data/ragged.ts";

/** Rows `start … start + count` as a padded array. */
export function rowsOf(x: NdArray | RaggedSequences, start: number, count: number): NdArray {
  if ("kind" in x)
    return toPadded(
      takeRaggedRows(
        x,
        Array.from({ length: count }, (_, index) => start + index),
      ),
    );
  const width = sizeOf(x.shape.slice(1));
  return { shape: [count, ...x.shape.slice(1)], data: x.data.subarray(start * width, (start + count) * width) };
}

/** The examples `from … to`. */
export function partOf(data: Dataset, from: number, to: number): Dataset {
  const y = rowsOf(data.y, from, to - from);
  const size = to - from;
  if (data.kind === "dense") return { kind: "dense", size, x: rowsOf(data.x, from, size), y };
  return {
    kind: "ragged",
    size,
    x: takeRaggedRows(
      data.x,
      Array.from({ length: size }, (_, index) => from + index),
    ),
    y,
  };
}
