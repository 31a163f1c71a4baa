import { functionLike, readValue } from "../core/option_table.ts";
import type { Value } from "../graph/operation.ts";
import { gradients } from "./gradients.ts";
import { beforeDifferentiation } from "./optimize.ts";

/** A scalar and its gradients. */
export interface ValueAndGradients {
  readonly value: Value;
  readonly gradients: readonly Value[];
}

/** A scalar, its gradients, and other values of the same graph. */
export interface Differentiated extends ValueAndGradients {
  readonly others: readonly Value[];
}

/**
 * The gradients of `loss` by `wrt`, after the rewrites that must come before differentiation. `others` go through the
 * same rewrites, so that they share what they have in common with the loss.
 */
export function differentiate(loss: Value, wrt: readonly Value[], others: readonly Value[] = []): Differentiated {
  // A rewrite may remove a value that lies inside the graph: only leaves are sure to stay.
  const areLeaves = wrt.every((value) => value.operation.definition.kind === "leaf");
  const graph = { outputs: [loss, ...others], updates: [] };
  const [value, ...rest] = (areLeaves ? beforeDifferentiation(graph) : graph).outputs;
  return { value: value as Value, gradients: gradients(value as Value, wrt), others: rest };
}

/**
 * Turns a function of values into one that also gives its gradients by all of its arguments.
 * @throws ValueError when `fn` does not return a scalar.
 * @example
 * const { value, gradients: [dW] } = valueAndGrad((w) => mean(square(sub(matmul(x, w), y))))(w);
 */
export function valueAndGrad(fn: (...args: Value[]) => Value): (...args: Value[]) => ValueAndGradients {
  readValue("valueAndGrad", "fn", functionLike("(...values) => scalar"), fn);
  return (...args) => {
    const { value, gradients: grads } = differentiate(fn(...args), args);
    return { value, gradients: grads };
  };
}
