/** Rebuilding a graph with some operations replaced: what every pass is made of. */
import { type Graph, Operation, operationsOf, rootsOf, type Value } from "../graph/operation.ts";

/** Looks at an operation with its inputs already rewritten; returns its new outputs, or undefined to keep it. */
export type Visit = (operation: Operation, inputs: readonly Value[]) => readonly Value[] | undefined;

/** Rebuilds `graph` from its leaves to its roots. What no root needs any more is gone: this is the dead code pass too. */
export function rewrite(graph: Graph, visit: Visit): Graph {
  const renewed = new Map<Value, Value>();
  for (const operation of operationsOf(rootsOf(graph))) {
    const inputs = operation.inputs.map((value) => renewed.get(value) as Value);
    const outputs = visit(operation, inputs) ?? keep(operation, inputs);
    for (const output of operation.outputs) renewed.set(output, outputs[output.index] as Value);
  }
  return {
    outputs: graph.outputs.map((value) => renewed.get(value) as Value),
    updates: graph.updates.map(({ variable, value }) => ({ variable, value: renewed.get(value) as Value })),
  };
}

/** The outputs of the operation on new inputs: its own when they are the same. */
export function keep(operation: Operation, inputs: readonly Value[]): readonly Value[] {
  if (inputs.every((value, index) => value === operation.inputs[index])) return operation.outputs;
  return new Operation(operation.definition, inputs, operation.attributes).outputs;
}

/** How often each value is read, by operations and by the graph's roots. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  const roots = rootsOf(graph);
  for (const root of roots) count(root);
  for (const operation of operationsOf(roots)) for (const value of operation.inputs) count(value);
  return uses;
}
