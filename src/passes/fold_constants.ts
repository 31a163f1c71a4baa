import type { ReferenceArray } from "../graph/op.ts";
import { type Graph, type Operation, scalar, scalarOf, type Value } from "../graph/operation.ts";
import { broadcastTo, broadcastToOp } from "../ops/reshape.ts";
import { keep, rewrite } from "./rewrite.ts";

/**
 * Works out what is one number throughout: elementwise operations of scalar constants, under any shape. Elementwise
 * operations read it as a literal; for what else reads it, it becomes a fill.
 */
export function foldConstants(graph: Graph): Graph {
  const fills = new Map<Value, number>();
  const numberOf = (value: Value) => scalarOf(value) ?? fills.get(value);
  return rewrite(graph, (operation, inputs) => {
    const { kind } = operation.definition;
    const output = operation.outputs[0] as Value;
    if ((kind !== "view" && kind !== "elementwise") || inputs.length === 0) return undefined;
    const numbers = inputs.map(numberOf);
    const known = numbers.filter((number) => number !== undefined);
    const number = known.length === numbers.length ? evaluate(operation, known) : undefined;
    if (number !== undefined) {
      const filled = broadcastTo(scalar(number, output.dtype), output.shape);
      fills.set(filled, number);
      return [filled];
    }
    if (kind === "view") return undefined;
    return withLiterals(operation, inputs, numbers);
  });
}

/** The operation with literals for inputs that are one number, where its output keeps its shape without them. */
function withLiterals(
  operation: Operation,
  inputs: readonly Value[],
  numbers: readonly (number | undefined)[],
): readonly Value[] {
  return inputs.reduce<readonly Value[]>(
    (outputs, { dtype, shape }, index) => {
      const number = numbers[index];
      if (number === undefined || shape.length === 0) return outputs;
      const { definition, attributes, inputs: before } = (outputs[0] as Value).operation;
      const after = before.map((value, which) => (which === index ? scalar(number, dtype) : value));
      const [type] = definition.infer({ inputs: after, attributes });
      const isSame = String(type?.shape) === String(operation.outputs[0]?.shape);
      return isSame ? keep((outputs[0] as Value).operation, after) : outputs;
    },
    keep(operation, inputs),
  );
}

/** What the operation makes of numbers, as the output's dtype holds it; undefined where that dtype does not hold it. */
function evaluate({ definition, attributes, outputs }: Operation, numbers: readonly number[]): number | undefined {
  // Of one number throughout, a view or a broadcast holds just that.
  if (definition.kind === "view" || definition === broadcastToOp.definition) return numbers[0];
  const { dtype } = outputs[0] as Value;
  const inputs = numbers.map((number): ReferenceArray => ({ shape: [], data: Float64Array.of(number) }));
  const [result] = definition.reference({ inputs, outputs: [{ shape: [], dtype }], attributes });
  const number = result?.data[0];
  if (number === undefined || dtype === "float32") return number === undefined ? undefined : Math.fround(number);
  return Number.isInteger(number) && Math.abs(number) < 2 ** 31 ? number : undefined;
}
