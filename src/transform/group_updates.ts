import { at } from "../core/at.ts";
import { type Graph, type Operation, operationsOf, rootsOf, type Value, zipTensors } from "../graph/operation.ts";
import { type UpdateAttributes, type UpdateInputs, type UpdateOp, updateOpOf } from "../ops/optimizers/update_op.ts";

/** An update among a graph's operations. */
interface Update {
  readonly operation: Operation;
  readonly op: UpdateOp<unknown>;
  readonly inputs: UpdateInputs;
  readonly attributes: UpdateAttributes;
}

/**
 * Optimizer steps of one rule that nothing else reads become one operation, whose kernel updates as many variables at a
 * time as the adapter has storage buffers for. Run last: what they read is not looked at again.
 */
export function groupUpdates(graph: Graph): Graph {
  if (graph.updates.length === 0) return graph;
  const operations = operationsOf(rootsOf(graph));
  const read = new Set([...operations.flatMap(({ operands }) => operands), ...graph.outputs]);
  const groups = new Map<string, Update[]>();
  for (const operation of operations) {
    const op = updateOpOf(operation);
    if (op === undefined || !op.matches(operation) || operation.results.some((result) => read.has(result))) continue;
    const { definition, attributes, inputs } = operation;
    // A gradient that is a variable itself may not lie in a buffer that the same kernel overwrites.
    if (inputs.gradients.some(isLeaf)) continue;
    const { slots, constants } = attributes;
    const key = JSON.stringify([definition.name, slots, constants, idOf(inputs.rates), idOf(inputs.status)]);
    groups.set(key, [...(groups.get(key) ?? []), { operation, op, inputs, attributes }]);
  }
  const renewed = new Map<Value, Value>();
  for (const members of groups.values()) {
    if (members.length === 1) continue;
    const { op, inputs, attributes } = at(members, 0);
    const { states } = op(
      {
        ...inputs,
        states: members.flatMap((member) => member.inputs.states),
        gradients: members.flatMap((member) => member.inputs.gradients),
      },
      attributes,
    );
    const before = members.flatMap(({ operation }) => operation.results);
    for (const [value, joined] of zipTensors({ before }, { before: states })) renewed.set(value, joined);
  }
  return {
    outputs: graph.outputs,
    updates: graph.updates.map(({ variable, value }) => ({ variable, value: renewed.get(value) ?? value })),
  };
}

const idOf = ({ operation, index }: Value) => `${operation.id}.${index}`;

/** Whether a value is an input, a variable or a constant, seen through views. */
function isLeaf({ operation: { definition, operands } }: Value): boolean {
  if (definition.kind === "view") return operands.every(isLeaf);
  return definition.kind === "leaf";
}
