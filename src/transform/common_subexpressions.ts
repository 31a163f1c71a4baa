import type { OpDefinition } from "../graph/op.ts";
import { type Graph, type Operation, scalarOf, type Value } from "../graph/operation.ts";
import { rewrite } from "./rewrite.ts";

/** Computes each value once: operations with the same op, inputs and attributes become one. */
export function mergeCommonSubexpressions(graph: Graph): Graph {
  const numbers = new Map<OpDefinition | Operation, number>();
  const numberOf = (thing: OpDefinition | Operation): number => {
    const number = numbers.get(thing) ?? numbers.size;
    numbers.set(thing, number);
    return number;
  };
  const known = new Map<string, readonly Value[]>();
  return rewrite(graph, (operation, inputs, keep) => {
    const { definition, attributes } = operation;
    const output = operation.outputs[0] as Value;
    const literal = scalarOf(output);
    if (definition.kind === "leaf" && literal === undefined) return undefined;
    const key =
      literal === undefined
        ? `${numberOf(definition)}(${inputs.map((value) => `${numberOf(value.operation)}.${value.index}`).join()})${JSON.stringify(attributes)}`
        : `${output.dtype} ${Object.is(literal, -0) ? "-0" : literal}`;
    const same = known.get(key) ?? keep(operation, inputs);
    known.set(key, same);
    return same;
  });
}
