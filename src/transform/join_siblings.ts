import { at } from "../core/at.ts";
import { sizeOf } from "../core/shape.ts";
import { type Graph, mapTensors, Operation, operationsOf, rootOf, rootsOf, type Value } from "../graph/operation.ts";
import { fusedOp, joinFused } from "../ops/elementwise/elementwise.ts";
import { type ReduceOp, reduceOps } from "../ops/reduce/reduce.ts";
import type { Visited } from "./rewrite.ts";

/** Inputs and outputs of at most this many elements: there a dispatch costs more than what it does. */
const SMALL_SIZE = 4096;

/** Operations of one kind that a kernel can carry out together. */
interface Kind {
  /** Operations of equal text are of one kind; undefined for all others. */
  key(operation: Operation): string | undefined;
  /** The outputs of the members, one after another, of one operation. */
  join(members: readonly Visited[]): readonly Value[];
  /** Storage buffers that the joined kernel binds. */
  buffers(members: readonly Operation[]): number;
}

const FUSED: Kind = {
  key: (operation) => (fusedOp.matches(operation) ? JSON.stringify(operation.attributes.shape) : undefined),
  join: (members) => {
    const fused = members.filter((member) => fusedOp.matches(member));
    return joinFused(at(fused, 0).attributes.shape, fused).results;
  },
  buffers: (members) =>
    new Set(members.flatMap(({ operands }) => operands.map(rootOf))).size +
    members.flatMap(({ results }) => results).length,
};

/** Reductions of equal extents. */
const reduced = (op: ReduceOp): Kind => ({
  key: (operation) => (op.matches(operation) ? JSON.stringify(operation.attributes) : undefined),
  join: (members) => {
    const own = members.filter((member) => op.matches(member));
    return op({ values: own.flatMap(({ inputs }) => inputs.values) }, at(own, 0).attributes).results;
  },
  buffers: (members) => 2 * members.length,
});

/**
 * Small operations of one kind that do not need each other run in one kernel with an output for each: elementwise ones
 * of one shape, and reductions of equal extents. They stand where the first of them stood, so that only what is there
 * by then can be joined.
 */
export function joinSiblings(graph: Graph, maxStorageBuffers: number): Graph {
  const kinds = [FUSED, ...reduceOps().map(reduced)];
  return kinds.reduce((current, kind) => joinKind(current, kind, maxStorageBuffers), graph);
}

function joinKind(graph: Graph, kind: Kind, maxStorageBuffers: number): Graph {
  const operations = operationsOf(rootsOf(graph));
  const groups = new Map<Operation, Operation[]>();
  const open = new Map<string, Operation[][]>();
  for (const operation of operations) {
    const key = kind.key(operation);
    if (key === undefined || ![...operation.operands, ...operation.results].every(isSmall)) continue;
    const known = open.get(key) ?? [];
    open.set(key, known);
    const newest = Math.max(...operation.operands.map(madeAt));
    const mayJoin = (group: readonly Operation[]) =>
      newest < at(group, 0).id && kind.buffers([...group, operation]) <= maxStorageBuffers;
    const group = known.findLast(mayJoin) ?? [];
    if (group.push(operation) === 1) known.push(group);
    groups.set(operation, group);
  }
  if (![...groups.values()].some(({ length }) => length > 1)) return graph;
  return rebuild(graph, operations, groups, kind);
}

/** The graph with every group joined. Of what a later member reads, views may have to be made before their turn. */
function rebuild(
  graph: Graph,
  operations: readonly Operation[],
  groups: ReadonlyMap<Operation, readonly Operation[]>,
  kind: Kind,
): Graph {
  const renewed = new Map<Value, Value>();
  const renew = (value: Value): Value => {
    if (!renewed.has(value)) make(value.operation);
    return renewed.get(value) ?? value;
  };
  const make = (operation: Operation): void => {
    const group = groups.get(operation) ?? [operation];
    const members = group.map((member): Visited => {
      const { definition, attributes, outputs } = member;
      return { operation: member, definition, attributes, outputs, inputs: mapTensors(member.inputs, renew) };
    });
    const results = members.length > 1 ? kind.join(members) : remake(at(members, 0));
    for (const [index, result] of group.flatMap((member) => member.results).entries()) {
      renewed.set(result, at(results, index));
    }
  };
  for (const operation of operations) if (operation.results.some((result) => !renewed.has(result))) make(operation);
  return {
    outputs: graph.outputs.map(renew),
    updates: graph.updates.map(({ variable, value }) => ({ variable, value: renew(value) })),
  };
}

/** All but leaves are made anew, so that they stand in this order. */
const remake = ({ operation, definition, inputs, attributes }: Visited): readonly Value[] =>
  definition.kind === "leaf" ? operation.results : new Operation(definition, inputs, attributes).results;

const isSmall = ({ shape }: Value): boolean => sizeOf(shape) <= SMALL_SIZE;

/** When a value's buffer is there: leaves are there from the beginning. */
function madeAt(value: Value): number {
  const { operation } = rootOf(value);
  return operation.definition.kind === "leaf" ? -1 : operation.id;
}
