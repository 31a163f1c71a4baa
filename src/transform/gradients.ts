/** Reverse-mode differentiation, graph -> graph: each op's vjp builds the operations of its cotangents. */
import { ShapeError, ValueError } from "../core/errors.ts";
import { instanceOf, listOf, readValue } from "../core/option_table.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import {
  expectValue,
  mapTensors,
  type Operation,
  operationsOf,
  scalar,
  Value,
  zipTensors,
} from "../graph/operation.ts";
import { broadcastTo } from "../ops/data/movement.ts";
import { add } from "../ops/elementwise/arithmetic.ts";
import { sumTo } from "../ops/reduce/reduce.ts";

const values = listOf(instanceOf("a symbolic value", Value));

/**
 * The gradients of a scalar by `wrt`; zeros where it does not depend on one.
 * @throws ValueError when `loss` is not a scalar.
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  expectValue("gradients", loss);
  if (loss.shape.length !== 0) {
    throw new ValueError(
      `gradients: the loss is ${formatShape(loss.shape)}; expected a scalar. Use mean() or sum() first.`,
      { shape: loss.shape },
    );
  }
  return vjp([loss], [scalar(1)], wrt);
}

/**
 * The cotangents of `wrt` given those of `outputs`: gradients of Σ output · cotangent. Zeros where there is no path.
 */
export function vjp(outputs: readonly Value[], cotangents: readonly Value[], wrt: readonly Value[]): Value[] {
  for (const [name, list] of Object.entries({ outputs, cotangents, wrt })) {
    readValue("vjp", name, values, list);
  }
  const found = backpropagate(outputs, cotangents, wrt);
  return wrt.map((value) => found.get(value) ?? broadcastTo(scalar(0), value.shape));
}

/**
 * The cotangents of `wrt`, given those of `outputs`: d(Σ output · cotangent) / d(wrt). A value that the outputs do not
 * depend on has none. The graph is cut at `wrt`: nothing behind them is visited.
 */
function backpropagate(
  outputs: readonly Value[],
  cotangents: readonly Value[],
  wrt: readonly Value[],
): ReadonlyMap<Value, Value> {
  const sums = new Map<Value, Value>();
  const accumulate = (value: Value, cotangent: Value): void => {
    const reduced = sameShape(value.shape, cotangent.shape) ? cotangent : sumTo(cotangent, value.shape);
    const before = sums.get(value);
    sums.set(value, before === undefined ? reduced : add(before, reduced));
  };
  for (const [index, output] of outputs.entries())
    accumulate(output, checkedCotangent(output, cotangents[index], index));

  const leaves = new Set(wrt);
  const relevant = dependents(operationsOf(outputs), leaves);
  for (const operation of relevant.reverse()) {
    const { inputs, attributes, definition, results } = operation;
    if (results.every((result) => leaves.has(result))) continue;
    if (!results.some((result) => sums.has(result))) continue;
    const own = mapTensors(operation.outputs, (output: Value) => sums.get(output));
    const found = definition.vjp({ inputs, outputs: operation.outputs, cotangents: own, attributes });
    for (const [value, cotangent] of zipTensors(inputs, found))
      if (value.dtype === "float32") accumulate(value, cotangent);
  }
  return sums;
}

function checkedCotangent(output: Value, cotangent: Value | undefined, index: number): Value {
  if (cotangent === undefined || !sameShape(cotangent.shape, output.shape)) {
    throw new ShapeError(
      `backpropagate: output ${index} is ${formatShape(output.shape)}, its cotangent ` +
        `${cotangent ? formatShape(cotangent.shape) : "is missing"}; expected the same shape`,
    );
  }
  if (output.dtype !== "float32") {
    throw new ValueError(`backpropagate: output ${index} is ${output.dtype}; only float32 can be differentiated`);
  }
  return cotangent;
}

/** Those of `operations` that depend on a leaf, the leaves' own included; the rest needs no cotangent. */
function dependents(operations: readonly Operation[], leaves: ReadonlySet<Value>): Operation[] {
  const found = new Set<Operation>();
  for (const operation of operations) {
    const isLeaf = operation.results.some((result) => leaves.has(result));
    if (isLeaf || operation.operands.some((value) => found.has(value.operation))) found.add(operation);
  }
  return [...found];
}
