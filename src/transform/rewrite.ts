/** Rebuilding a graph with some operations replaced: what every pass is made of. */
import {
  type Applied,
  type Graph,
  mapTensors,
  Operation,
  operationsOf,
  rootsOf,
  type Tensors,
  tensorList,
  type Value,
  zipTensors,
} from "../graph/operation.ts";

/** An operation as a pass meets it: its inputs are already rewritten, its outputs are not yet. */
export interface Visited extends Applied {
  readonly operation: Operation;
}

/** The outputs of the operation on these inputs. */
export type Keep = (visited: Visited) => Tensors;

/**
 * Looks at an operation; returns its new outputs, or undefined to keep it. An output that nothing reads may be left
 * out. `keep` is for visits that go on from what would be kept.
 */
export type Visit = (visited: Visited, keep: Keep) => Tensors | undefined;

/**
 * Rebuilds `graph` from its leaves to its roots. What no root needs any more is gone: this is the dead code pass too.
 * From the first change on every operation is made anew: operations stand in the order in which they are made, and one
 * that stayed as it was would come before all others, its result kept until its reader's turn.
 */
export function rewrite(graph: Graph, visit: Visit): Graph {
  const renewed = new Map<Value, Value>();
  const renew = (value: Value): Value => {
    const after = renewed.get(value);
    if (after === undefined) throw new Error("rewrite: a pass left out an output that is read");
    return after;
  };
  let hasChanged = false;
  const keep: Keep = ({ operation, inputs }) => {
    const { definition, attributes, outputs } = operation;
    const isSame = !hasChanged && tensorList(inputs).every((value, index) => value === operation.operands[index]);
    return isSame || definition.kind === "leaf" ? outputs : new Operation(definition, inputs, attributes).outputs;
  };
  for (const operation of operationsOf(rootsOf(graph))) {
    const { definition, attributes, outputs } = operation;
    const visited = { operation, definition, attributes, outputs, inputs: mapTensors(operation.inputs, renew) };
    const after = visit(visited, keep) ?? keep(visited);
    hasChanged ||= after !== outputs;
    for (const [before, next] of zipTensors(outputs, after)) renewed.set(before, next);
  }
  return {
    outputs: graph.outputs.map(renew),
    updates: graph.updates.map(({ variable, value }) => ({ variable, value: renew(value) })),
  };
}

/** How often each value is read, by operations and by the graph's roots. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  const roots = rootsOf(graph);
  for (const root of roots) count(root);
  for (const operation of operationsOf(roots)) for (const value of operation.operands) count(value);
  return uses;
}
