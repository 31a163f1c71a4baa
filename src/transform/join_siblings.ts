import { sizeOf } from "../core/shape.ts";
import { type Graph, Operation, operationsOf, rootsOf, type Value } from "../graph/operation.ts";
import { type FusedAttributes, fusedOp, joinFused } from "../ops/elementwise/fused.ts";
import { isReduction } from "../ops/reduce/reduce.ts";

/** Inputs and outputs of at most this many elements: there a dispatch costs more than what it does. */
const SMALL_SIZE = 4096;

/** Operations of one kind that a kernel can carry out together. */
interface Kind {
  /** Operations of equal text are of one kind; undefined for all others. */
  key(operation: Operation): string | undefined;
  /** The outputs of the members, one after another, in one operation. */
  join(members: Members): readonly Value[];
  /** Storage buffers that the joined kernel binds. */
  buffers(members: readonly Operation[]): number;
}

interface Member {
  readonly operation: Operation;
  /** Its inputs in the new graph. */
  readonly inputs: readonly Value[];
}

type Members = readonly [Member, ...Member[]];

const FUSED: Kind = {
  key: ({ definition, attributes }) =>
    definition === fusedOp.definition ? JSON.stringify((attributes as FusedAttributes).shape) : undefined,
  join: ([first, ...rest]) =>
    joinFused(
      (first.operation.attributes as FusedAttributes).shape,
      [first, ...rest].map(({ operation, inputs }) => ({
        inputs,
        attributes: operation.attributes as FusedAttributes,
      })),
    ),
  buffers: (members) =>
    new Set(members.flatMap(({ inputs }) => inputs.map(rootOf))).size +
    members.flatMap(({ outputs }) => outputs).length,
};

const REDUCED: Kind = {
  key: ({ definition, attributes }) =>
    isReduction(definition) ? `${definition.name} ${JSON.stringify(attributes)}` : undefined,
  join: ([first, ...rest]) => {
    const { definition, attributes } = first.operation;
    const inputs = [first, ...rest].flatMap((member) => member.inputs);
    return new Operation(definition, inputs, attributes).outputs;
  },
  buffers: (members) => 2 * members.length,
};

/**
 * Small operations of one kind that do not need each other run in one kernel with an output for each: elementwise ones of one
 * shape, and reductions of equal extents. They stand where the first of them stood, so that only what is there by then can be joined.
 */
export function joinSiblings(graph: Graph, maxStorageBuffers: number): Graph {
  return joinKind(joinKind(graph, FUSED, maxStorageBuffers), REDUCED, maxStorageBuffers);
}

function joinKind(graph: Graph, kind: Kind, maxStorageBuffers: number): Graph {
  const operations = operationsOf(rootsOf(graph));
  const groups = new Map<Operation, Operation[]>();
  const open = new Map<string, Operation[][]>();
  for (const operation of operations) {
    const key = kind.key(operation);
    if (key === undefined || ![...operation.inputs, ...operation.outputs].every(isSmall)) continue;
    const known = open.get(key) ?? [];
    open.set(key, known);
    const newest = Math.max(...operation.inputs.map(madeAt));
    const mayJoin = (group: readonly Operation[]) =>
      newest < (group[0] as Operation).id && kind.buffers([...group, operation]) <= maxStorageBuffers;
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
    return renewed.get(value) as Value;
  };
  const make = (operation: Operation): void => {
    const group = groups.get(operation) ?? [operation];
    const members = group.map((member) => ({ operation: member, inputs: member.inputs.map(renew) }));
    const [first, ...rest] = members as Member[] as [Member, ...Member[]];
    const outputs = rest.length > 0 ? kind.join([first, ...rest]) : remake(first);
    group
      .flatMap((member) => member.outputs)
      .forEach((output, index) => {
        renewed.set(output, outputs[index] as Value);
      });
  };
  for (const operation of operations) if (operation.outputs.some((output) => !renewed.has(output))) make(operation);
  return {
    outputs: graph.outputs.map(renew),
    updates: graph.updates.map(({ variable, value }) => ({ variable, value: renew(value) })),
  };
}

/** All but leaves are made anew, so that they stand in this order. */
const remake = ({ operation, inputs }: Member): readonly Value[] =>
  operation.definition.kind === "leaf"
    ? operation.outputs
    : new Operation(operation.definition, inputs, operation.attributes).outputs;

const isSmall = ({ shape }: Value): boolean => sizeOf(shape) <= SMALL_SIZE;

/** The operation whose buffer holds a value, views left out. */
function rootOf(value: Value): Value {
  return value.operation.definition.kind === "view" ? rootOf(value.operation.inputs[0] as Value) : value;
}

/** When a value's buffer is there: leaves are there from the beginning. */
function madeAt(value: Value): number {
  const { operation } = rootOf(value);
  return operation.definition.kind === "leaf" ? -1 : operation.id;
}
