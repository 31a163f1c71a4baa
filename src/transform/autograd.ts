/** Reverse-mode differentiation, graph -> graph: each op's vjp builds the operations of its cotangents. */
import { ShapeError, ValueError } from "../core/errors.ts";
import { formatShape, type Shape, sameShape } from "../core/shape.ts";
import { type Operation, operationsOf, type Value } from "../graph/operation.ts";

/** The ops that differentiation itself needs; `ops/gradients.ts` supplies them. */
export interface Arithmetic {
  add(a: Value, b: Value): Value;
  /** Sums a broadcast value down to `shape`: the one place where un-broadcasting lives. */
  sumTo(value: Value, shape: Shape): Value;
}

/**
 * The cotangents of `wrt`, given those of `outputs`: d(Σ output · cotangent) / d(wrt).
 * Null where the outputs do not depend on a value. The graph is cut at `wrt`: nothing behind them is visited.
 */
export function backpropagate(
  outputs: readonly Value[],
  cotangents: readonly Value[],
  wrt: readonly Value[],
  arithmetic: Arithmetic,
): (Value | null)[] {
  const sums = new Map<Value, Value>();
  const accumulate = (value: Value, cotangent: Value): void => {
    const reduced = sameShape(value.shape, cotangent.shape) ? cotangent : arithmetic.sumTo(cotangent, value.shape);
    const before = sums.get(value);
    sums.set(value, before === undefined ? reduced : arithmetic.add(before, reduced));
  };
  outputs.forEach((output, index) => {
    const cotangent = cotangents[index];
    if (cotangent === undefined || !sameShape(cotangent.shape, output.shape)) {
      throw new ShapeError(
        `backpropagate: output ${index} is ${formatShape(output.shape)}, its cotangent ${cotangent ? formatShape(cotangent.shape) : "is missing"}; expected the same shape`,
      );
    }
    if (output.dtype !== "float32") {
      throw new ValueError(`backpropagate: output ${index} is ${output.dtype}; only float32 can be differentiated`);
    }
    accumulate(output, cotangent);
  });

  const leaves = new Set(wrt);
  const relevant = dependents(operationsOf(outputs), leaves);
  for (const operation of relevant.reverse()) {
    if (operation.outputs.every((output) => leaves.has(output))) continue;
    const own = operation.outputs.map((output) => sums.get(output) ?? null);
    if (own.every((cotangent) => cotangent === null)) continue;
    const { inputs, attributes, definition } = operation;
    const grads = definition.vjp({ inputs, outputs: operation.outputs, cotangents: own, attributes });
    inputs.forEach((value, index) => {
      const cotangent = grads[index];
      if (cotangent && value.dtype === "float32") accumulate(value, cotangent);
    });
  }
  return wrt.map((value) => sums.get(value) ?? null);
}

/** Those of `operations` that depend on a leaf, the leaves' own included; the rest needs no cotangent. */
function dependents(operations: readonly Operation[], leaves: ReadonlySet<Value>): Operation[] {
  const found = new Set<Operation>();
  for (const operation of operations) {
    const isLeaf = operation.outputs.some((output) => leaves.has(output));
    if (isLeaf || operation.inputs.some((value) => found.has(value.operation))) found.add(operation);
  }
  return [...found];
}
