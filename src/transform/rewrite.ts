/** Rebuilding a graph with some operations replaced: what every pass is made of. */
import { type Graph, Operation, operationsOf, rootsOf, type Value } from "../graph/operation.ts";

/** The outputs of an operation on new inputs. */
export type Keep = (operation: Operation, inputs: readonly Value[]) => readonly Value[];

/**
 * Looks at an operation with its inputs already rewritten; returns its new outputs, or undefined to keep it. `keep` is for
 * visits that go on from what would be kept.
 */
export type Visit = (operation: Operation, inputs: readonly Value[], keep: Keep) => readonly Value[] | undefined;

/**
 * Rebuilds `graph` from its leaves to its roots. What no root needs any more is gone: this is the dead code pass too.
 * From the first change on every operation is made anew: operations stand in the order in which they are made, and one
 * that stayed as it was would come before all others, its result kept until its reader's turn.
 */
export function rewrite(graph: Graph, visit: Visit): Graph {
  const renewed = new Map<Value, Value>();
  let hasChanged = false;
  const keep: Keep = (operation, inputs) => {
    const { definition, attributes, outputs } = operation;
    const isSame = !hasChanged && inputs.every((value, index) => value === operation.inputs[index]);
    return isSame || definition.kind === "leaf" ? outputs : new Operation(definition, inputs, attributes).outputs;
  };
  for (const operation of operationsOf(rootsOf(graph))) {
    const inputs = operation.inputs.map((value) => renewed.get(value) as Value);
    const outputs = visit(operation, inputs, keep) ?? keep(operation, inputs);
    hasChanged ||= outputs !== operation.outputs;
    for (const output of operation.outputs) renewed.set(output, outputs[output.index] as Value);
  }
  return {
    outputs: graph.outputs.map((value) => renewed.get(value) as Value),
    updates: graph.updates.map(({ variable, value }) => ({ variable, value: renewed.get(value) as Value })),
  };
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
