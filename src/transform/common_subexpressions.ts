import {
  type Graph,
  type OpDefinition,
  type Operation,
  scalarOf,
  type Tensors,
  tensorList,
} from "../graph/operation.ts";
import { rewrite } from "./rewrite.ts";

/** Computes each value once: operations with the same op, inputs and attributes become one. */
export function mergeCommonSubexpressions(graph: Graph): Graph {
  const numbers = new Map<OpDefinition | Operation, number>();
  const numberOf = (thing: OpDefinition | Operation): number => {
    const number = numbers.get(thing) ?? numbers.size;
    numbers.set(thing, number);
    return number;
  };
  const inputsText = (inputs: Tensors) =>
    Object.entries(inputs)
      .map(([name, tensor]) => {
        const own = tensorList({ tensor });
        return `${name}: ${own.map((value) => `${numberOf(value.operation)}.${value.index}`).join()}`;
      })
      .join("; ");
  const known = new Map<string, Tensors>();
  return rewrite(graph, (visited, keep) => {
    const { definition, attributes, inputs, operation } = visited;
    const [output] = operation.results;
    const literal = output && scalarOf(output);
    if (definition.kind === "leaf" && literal === undefined) return undefined;
    const key =
      literal === undefined
        ? `${numberOf(definition)}(${inputsText(inputs)})${JSON.stringify(attributes)}`
        : `${output?.dtype} ${Object.is(literal, -0) ? "-0" : literal}`;
    const same = known.get(key) ?? keep(visited);
    known.set(key, same);
    return same;
  });
}
