/** Pools the vectors of a text's timesteps to one. */
import type { Value } from "../graph/operation.ts";
import { pad, reshape, slice } from "../ops/data/movement.ts";
import { div, greater, maximum, mul, sub, where } from "../ops/elementwise/arithmetic.ts";
import { matmul } from "../ops/matmul/matmul.ts";
import { max, mean, sum } from "../ops/reduce/reduce.ts";
import type { Pooling } from "./embedder.ts";

/** Less than every state of a float32 layer. */
const LEAST = -3e38;

/**
 * Pools steps `[B, T, D]` to `[B, D]`.
 * @param mask float32 `[B, T]`: 1 for the timesteps to include, which must be contiguous in each row. Default: all
 * count. A row without any becomes zeros, or with "max" a number below all others.
 */
export function poolSteps(steps: Value, pooling: Pooling, mask?: Value): Value {
  const [batch, time, size] = steps.shape as [number, number, number];
  if (mask === undefined) {
    if (pooling === "last") return reshape(slice(steps, [0, time - 1, 0], [batch, 1, size]), [batch, size]);
    return pooling === "mean" ? mean(steps, { axes: 1 }) : max(steps, { axes: 1 });
  }
  if (pooling === "max") return max(where(greater(reshape(mask, [batch, time, 1]), 0), steps, LEAST), { axes: 1 });
  // Both the mean and the last timestep are weighted sums; for the latter, only the last weight is 1.
  const weights = pooling === "mean" ? div(mask, maximum(sum(mask, { axes: 1, keepDims: true }), 1)) : lastOf(mask);
  return reshape(matmul(reshape(weights, [batch, 1, time]), steps), [batch, size]);
}

/** 1 at the last included timestep of each row, where the next one is excluded. */
function lastOf(mask: Value): Value {
  const [batch, time] = mask.shape as [number, number];
  const next = pad(slice(mask, [0, 1], [batch, time - 1]), [0, 0], [0, 1]);
  return mul(mask, sub(1, next));
}
