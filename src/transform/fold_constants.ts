import { type Graph, type Operation, scalar, scalarOf, type Value } from "../graph/operation.ts";
import { broadcastTo } from "../ops/data/reshape.ts";
import { type Keep, rewrite } from "./rewrite.ts";

/**
 * Works out what is one number throughout: elementwise operations of scalar constants, under any shape. Elementwise
 * operations read it as a literal; for what else reads it, it becomes a fill.
 */
export function foldConstants(graph: Graph): Graph {
  const fills = new Map<Value, number>();
  const numberOf = (value: Value) => scalarOf(value) ?? fills.get(value);
  return rewrite(graph, (operation, inputs, keep) => {
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
    return withLiterals(keep(operation, inputs), numbers, keep);
  });
}

/** The operation that gives `kept`, with literals for inputs that are one number, where its output keeps its shape without them. */
function withLiterals(kept: readonly Value[], numbers: readonly (number | undefined)[], keep: Keep): readonly Value[] {
  const { shape } = kept[0] as Value;
  return (kept[0] as Value).operation.inputs.reduce<readonly Value[]>((outputs, input, index) => {
    const number = numbers[index];
    if (number === undefined || input.shape.length === 0) return outputs;
    const { operation } = outputs[0] as Value;
    const after = operation.inputs.map((value, which) => (which === index ? scalar(number, input.dtype) : value));
    const [type] = operation.definition.infer({ inputs: after, attributes: operation.attributes });
    return String(type?.shape) === String(shape) ? keep(operation, after) : outputs;
  }, kept);
}

/** What the operation makes of numbers, as the output's dtype holds it; undefined where that dtype does not hold it. */
function evaluate({ definition, attributes, outputs }: Operation, numbers: readonly number[]): number | undefined {
  // Of one number throughout, a view holds just that.
  if (definition.kind !== "elementwise") return numbers[0];
  const { dtype } = outputs[0] as Value;
  const number = definition.compute(numbers, attributes);
  if (dtype === "float32") return Math.fround(number);
  return Number.isInteger(number) && Math.abs(number) < 2 ** 31 ? number : undefined;
}
