import { ValueError } from "../core/errors.ts";
import { formatShape } from "../core/shape.ts";
import type { Value } from "../graph/operation.ts";
import { scalar } from "../graph/operation.ts";
import { broadcastTo } from "../ops/data/reshape.ts";
import { add } from "../ops/elementwise/arithmetic.ts";
import { sumTo } from "../ops/reduce/reduce.ts";
import { backpropagate } from "./autograd.ts";

/**
 * The gradients of a scalar by `wrt`; zeros where it does not depend on one.
 * @throws ValueError when `loss` is not a scalar.
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.shape.length !== 0) {
    throw new ValueError(
      `gradients: the loss is ${formatShape(loss.shape)}; expected a scalar. Use mean() or sum() first.`,
      {
        shape: loss.shape,
      },
    );
  }
  return vjp([loss], [scalar(1)], wrt);
}

/** The cotangents of `wrt` given those of `outputs`: gradients of Σ output · cotangent. Zeros where there is no path. */
export function vjp(outputs: readonly Value[], cotangents: readonly Value[], wrt: readonly Value[]): Value[] {
  return backpropagate(outputs, cotangents, wrt, { add, sumTo }).map(
    (gradient, index) => gradient ?? broadcastTo(scalar(0), (wrt[index] as Value).shape),
  );
}
