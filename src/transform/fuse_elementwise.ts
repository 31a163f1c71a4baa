import { at } from "../core/at.ts";
import { sameShape, sizeOf } from "../core/shape.ts";
import {
  type Graph,
  mapTensors,
  type Operation,
  operationsOf,
  rootsOf,
  scalarOf,
  type Value,
  zipTensors,
} from "../graph/operation.ts";
import { type FusedStep, fusedOp, type StepArgument, type StepOperand } from "../ops/elementwise/elementwise.ts";
import { rewrite } from "./rewrite.ts";

/** A value of at most this many elements may be computed again in each of its readers' kernels. */
const REPEATED_SIZE = 4096;

/**
 * Joins elementwise operations into one kernel each: an operation goes into its readers' kernel when all of them are in
 * it and the shape is the same. One of few elements that only such operations read goes into the kernel of each, where
 * that takes no further input. `maxInputs` keeps a kernel within the adapter's storage buffers.
 */
export function fuseElementwise(graph: Graph, maxInputs: number): Graph {
  const readers = readersOf(graph);
  const groups = new Map<Operation, readonly Operation[]>();
  const needed = new Set(rootsOf(graph).map(({ operation }) => operation));
  // From the last operation to the first: what a kernel takes in needs none of its own unless another one reads it.
  for (const operation of operationsOf(rootsOf(graph)).reverse()) {
    if (!needed.has(operation)) continue;
    let reads = operation.operands;
    if (operation.definition.kind === "elementwise") {
      const group = collect(operation, readers, maxInputs);
      groups.set(operation, group);
      reads = externals(new Set(group));
    }
    for (const value of reads) needed.add(value.operation);
  }
  const renewed = new Map<Value, Value>();
  return rewrite(graph, ({ operation, inputs }) => {
    // Members of a group are not rebuilt one by one: remember what their inputs became until the root's turn comes.
    for (const [before, after] of zipTensors(operation.inputs, inputs)) renewed.set(before, after);
    const group = groups.get(operation);
    return group && { out: fuse(group, renewed) };
  });
}

/** One fused operation for a group. */
function fuse(group: readonly Operation[], renewed: ReadonlyMap<Value, Value>): Value {
  const inputs = externals(new Set(group));
  const place = new Map(group.map((operation, index) => [operation, index]));
  const argumentOf = (value: Value): StepArgument => {
    const literal = scalarOf(value);
    if (literal !== undefined) return { kind: "literal", value: literal };
    const index = place.get(value.operation);
    return index === undefined ? { kind: "input", index: inputs.indexOf(value) } : { kind: "step", index };
  };
  const steps = group.flatMap(({ definition, attributes, inputs: own, results: [result] }): FusedStep[] => {
    if (definition.kind !== "elementwise" || result === undefined) return [];
    const operands = mapTensors(own, (value: Value): StepOperand => {
      return { shape: value.shape, dtype: value.dtype, from: argumentOf(value) };
    });
    return [{ definition, attributes, operands, type: { shape: result.shape, dtype: result.dtype } }];
  });
  const values = inputs.map((value) => renewed.get(value) ?? value);
  const shape = at(steps, steps.length - 1).type.shape;
  return at(fusedOp({ values }, { shape, steps, results: [steps.length - 1] }).results, 0);
}

/** The operations of the kernel that ends in `root`, in topological order. */
function collect(root: Operation, readers: Readers, maxInputs: number): Operation[] {
  const group = new Set([root]);
  const { shape } = at(root.results, 0);
  const candidates = new Set(root.operands.map((value) => value.operation));
  while (candidates.size > 0) {
    const candidate = [...candidates].reduce((a, b) => (a.id > b.id ? a : b));
    candidates.delete(candidate);
    if (candidate.definition.kind !== "elementwise" || group.has(candidate)) continue;
    const output = at(candidate.results, 0);
    if (!sameShape(output.shape, shape)) continue;
    const own = readers.get(output) ?? [];
    const isWhole = own.every((reader) => reader !== undefined && group.has(reader));
    const mayRepeat =
      sizeOf(shape) <= REPEATED_SIZE &&
      own.every(
        (reader) => reader?.definition.kind === "elementwise" && sameShape(at(reader.results, 0).shape, output.shape),
      );
    if (!isWhole && !mayRepeat) continue;
    const limit = isWhole ? maxInputs : Math.min(maxInputs, externals(group).length);
    group.add(candidate);
    if (externals(group).length > limit) group.delete(candidate);
    else for (const value of candidate.operands) candidates.add(value.operation);
  }
  return [...group].sort((a, b) => a.id - b.id);
}

/** Who reads each value: operations, and undefined for a root of the graph. */
type Readers = ReadonlyMap<Value, readonly (Operation | undefined)[]>;

function readersOf(graph: Graph): Readers {
  const readers = new Map<Value, (Operation | undefined)[]>();
  const note = (value: Value, reader: Operation | undefined) => {
    const own = readers.get(value);
    if (own === undefined) readers.set(value, [reader]);
    else own.push(reader);
  };
  const roots = rootsOf(graph);
  for (const root of roots) note(root, undefined);
  for (const operation of operationsOf(roots)) for (const value of operation.operands) note(value, operation);
  return readers;
}

/** What a group reads from outside, literals excepted. */
function externals(group: ReadonlySet<Operation>): Value[] {
  const values = [...group].flatMap(({ operands }) => operands);
  return [...new Set(values)].filter((value) => !group.has(value.operation) && scalarOf(value) === undefined);
}
