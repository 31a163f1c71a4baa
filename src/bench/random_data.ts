/** Random data for the cases, which is the same in every run. */
import { Random } from "../core/random.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import { Variable } from "../graph/operation.ts";

/** A variable on the device, and the same numbers on the host for the reference. */
export interface Table<D extends Float32Array | Int32Array = Float32Array> {
  readonly variable: Variable;
  readonly data: D;
}

/** Long tables repeat this many numbers. It is prime, so that no two rows or columns are equal. */
const PERIOD = 65521;

/** Uniform numbers in [-scale, scale). */
export function randomTable(name: string, shape: Shape, seed: number, scale = 1): Table {
  const random = new Random(seed);
  const size = sizeOf(shape);
  const block = Float32Array.from({ length: Math.min(size, PERIOD) }, () => (2 * random.uniform() - 1) * scale);
  const data = new Float32Array(size);
  for (let start = 0; start < size; start += PERIOD) data.set(block.subarray(0, size - start), start);
  return { data, variable: new Variable({ name, shape, initial: () => ({ shape, data }) }) };
}

/** Ids below `bound`; with `skew` s, the id of rank r has a probability proportional to 1 / r^s (Zipf). */
export function randomIds(name: string, count: number, bound: number, seed: number, skew = 0): Table<Int32Array> {
  const random = new Random(seed);
  const data = drawIds(random, count, bound, skew);
  const shape = [count];
  return { data, variable: new Variable({ name, shape, dtype: "int32", initial: () => ({ shape, data }) }) };
}

/** Draws `count` ids below `bound`, distributed as in `randomIds`. */
export function drawIds(random: Random, count: number, bound: number, skew: number): Int32Array {
  const cumulative = new Float64Array(bound);
  let total = 0;
  for (let rank = 0; rank < bound; rank++) {
    total += (rank + 1) ** -skew;
    cumulative[rank] = total;
  }
  return Int32Array.from({ length: count }, () => lowerBound(cumulative, random.uniform() * total));
}

/** The first index whose value is above `wanted`. */
function lowerBound(ascending: Float64Array, wanted: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
