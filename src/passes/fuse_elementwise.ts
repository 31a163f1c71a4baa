import { sameShape } from "../core/shape.ts";
import type { ElementwiseOp } from "../graph/op.ts";
import { type Graph, type Operation, operationsOf, rootsOf, scalarOf, type Value } from "../graph/operation.ts";
import { type FusedStep, fusedOp, type StepArgument } from "../ops/fused.ts";
import { countUses, rewrite } from "./rewrite.ts";

/**
 * Joins elementwise operations into one kernel each: an operation goes into its readers' kernel when all of them are in
 * it and the shape is the same. `maxInputs` keeps a kernel within the adapter's storage buffers.
 */
export function fuseElementwise(graph: Graph, maxInputs: number): Graph {
  const uses = countUses(graph);
  const groups = new Map<Operation, readonly Operation[]>();
  const taken = new Set<Operation>();
  // From the last operation to the first: readers are decided before what they read.
  for (const root of operationsOf(rootsOf(graph)).reverse()) {
    if (root.definition.kind !== "elementwise" || taken.has(root)) continue;
    const group = collect(root, uses, maxInputs);
    for (const member of group) taken.add(member);
    groups.set(root, group);
  }
  const renewed = new Map<Value, Value>();
  return rewrite(graph, (operation, inputs) => {
    // Members of a group are not rebuilt one by one: remember what their inputs became until the root's turn comes.
    for (const [index, value] of operation.inputs.entries()) renewed.set(value, inputs[index] as Value);
    const group = groups.get(operation);
    return group && fuse(group, renewed);
  });
}

/** One fused operation for a group. */
function fuse(group: readonly Operation[], renewed: ReadonlyMap<Value, Value>): readonly Value[] {
  const inputs = externals(new Set(group));
  const place = new Map(group.map((operation, index) => [operation, index]));
  const steps = group.map(({ definition, attributes, inputs: own, outputs }): FusedStep => {
    const args = own.map((value): StepArgument => {
      const literal = scalarOf(value);
      if (literal !== undefined) return { kind: "literal", value: literal };
      const index = place.get(value.operation);
      return index === undefined ? { kind: "input", index: inputs.indexOf(value) } : { kind: "step", index };
    });
    return {
      definition: definition as ElementwiseOp,
      attributes,
      args,
      argTypes: own.map(({ shape, dtype }) => ({ shape, dtype })),
      type: { shape: (outputs[0] as Value).shape, dtype: (outputs[0] as Value).dtype },
    };
  });
  const last = steps.at(-1) as FusedStep;
  return fusedOp(
    inputs.map((value) => renewed.get(value) as Value),
    { shape: last.type.shape, dtype: last.type.dtype, steps },
  );
}

/** The operations of the kernel that ends in `root`, in topological order. */
function collect(root: Operation, uses: ReadonlyMap<Value, number>, maxInputs: number): Operation[] {
  const group = new Set([root]);
  const shape = (root.outputs[0] as Value).shape;
  const candidates = new Set(root.inputs.map((value) => value.operation));
  while (candidates.size > 0) {
    const candidate = [...candidates].reduce((a, b) => (a.id > b.id ? a : b));
    candidates.delete(candidate);
    if (candidate.definition.kind !== "elementwise" || group.has(candidate)) continue;
    const output = candidate.outputs[0] as Value;
    const reads = [...group].flatMap(({ inputs }) => inputs.filter((value) => value === output)).length;
    if (reads !== uses.get(output) || !sameShape(output.shape, shape)) continue;
    group.add(candidate);
    if (externals(group).length > maxInputs) group.delete(candidate);
    else for (const value of candidate.inputs) candidates.add(value.operation);
  }
  return [...group].sort((a, b) => a.id - b.id);
}

/** What a group reads from outside, literals excepted. */
function externals(group: ReadonlySet<Operation>): Value[] {
  const values = [...group].flatMap(({ inputs }) => inputs);
  return [...new Set(values)].filter((value) => !group.has(value.operation) && scalarOf(value) === undefined);
}
