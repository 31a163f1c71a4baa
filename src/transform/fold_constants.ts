import {
  type Graph,
  mapTensors,
  type Operation,
  scalar,
  scalarOf,
  tensorList,
  type Value,
} from "../graph/operation.ts";
import { broadcastTo } from "../ops/data/movement.ts";
import { rewrite, type Visited } from "./rewrite.ts";

/**
 * Works out what is one number throughout: elementwise operations of scalar constants, under any shape. Elementwise
 * operations read it as a literal; for what else reads it, it becomes a fill.
 */
export function foldConstants(graph: Graph): Graph {
  const fills = new Map<Value, number>();
  const numberOf = (value: Value) => scalarOf(value) ?? fills.get(value);
  return rewrite(graph, (visited, keep) => {
    const { operation, inputs } = visited;
    const { kind } = operation.definition;
    const [output] = operation.results;
    const values = tensorList(inputs);
    if ((kind !== "view" && kind !== "elementwise") || values.length === 0 || output === undefined) return undefined;
    const numbers = mapTensors(inputs, numberOf);
    const isKnown = values.every((value) => numberOf(value) !== undefined);
    const number = isKnown ? evaluate(operation, numbers) : undefined;
    if (number !== undefined) {
      const filled = broadcastTo(scalar(number, output.dtype), output.shape);
      fills.set(filled, number);
      return { out: filled };
    }
    return kind === "view" ? undefined : keep(withLiterals(visited, numberOf));
  });
}

/** The operation with literals for inputs that are one number, where its output keeps its shape without them. */
function withLiterals(visited: Visited, numberOf: (value: Value) => number | undefined): Visited {
  const { definition, attributes, operation } = visited;
  const shape = String(operation.results[0]?.shape);
  let { inputs } = visited;
  for (const input of tensorList(visited.inputs)) {
    const number = numberOf(input);
    if (number === undefined || input.shape.length === 0) continue;
    const changed = mapTensors(inputs, (value) => (value === input ? scalar(number, input.dtype) : value));
    const [type] = tensorList(definition.infer({ inputs: changed, attributes }));
    if (String(type?.shape) === shape) inputs = changed;
  }
  return { ...visited, inputs };
}

type Numbers = Readonly<Record<string, number | undefined | readonly (number | undefined)[]>>;

/** What the operation makes of numbers, as the output's dtype holds it; undefined where that dtype does not hold it. */
function evaluate({ definition, attributes, results }: Operation, numbers: Numbers): number | undefined {
  const known = mapTensors(numbers, (number: number | undefined) => number ?? Number.NaN);
  // Of one number throughout, a view holds just that.
  if (definition.kind !== "elementwise") return tensorList<number>(known)[0];
  const number = definition.compute(known, attributes);
  if (results[0]?.dtype === "float32") return Math.fround(number);
  return Number.isInteger(number) && Math.abs(number) < 2 ** 31 ? number : undefined;
}
