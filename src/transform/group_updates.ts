import { at } from "../core/at.ts";
import { type Graph, operationsOf, rootsOf, type Value } from "../graph/operation.ts";
import { isUpdate, joinUpdates, namedInputs, type UpdateOperation } from "../ops/optimizers/update_op.ts";

/**
 * Optimizer steps of one rule that nothing else reads become one operation, whose kernel updates as many variables at a
 * time as the adapter has storage buffers for. Run last: what they read is not looked at again.
 */
export function groupUpdates(graph: Graph): Graph {
  const operations = operationsOf(rootsOf(graph));
  const read = new Set([...operations.flatMap(({ inputs }) => inputs), ...graph.outputs]);
  const groups = new Map<string, UpdateOperation[]>();
  for (const operation of operations) {
    if (!isUpdate(operation) || operation.outputs.some((output) => read.has(output))) continue;
    const { definition, attributes, inputs } = operation;
    const { variables, rates, status } = namedInputs(inputs, attributes);
    // A gradient that is a variable itself may not lie in a buffer that the same kernel overwrites.
    if (variables.some(({ gradient }) => isLeaf(gradient))) continue;
    const { slots, constants } = attributes;
    const key = JSON.stringify([definition.name, slots, constants, idOf(rates), idOf(status)]);
    groups.set(key, [...(groups.get(key) ?? []), operation]);
  }
  const renewed = new Map<Value, Value>();
  for (const members of groups.values()) {
    if (members.length === 1) continue;
    const outputs = joinUpdates(members);
    for (const [index, output] of members.flatMap((member) => member.outputs).entries()) {
      renewed.set(output, at(outputs, index));
    }
  }
  return {
    outputs: graph.outputs,
    updates: graph.updates.map(({ variable, value }) => ({ variable, value: renewed.get(value) ?? value })),
  };
}

const idOf = ({ operation, index }: Value) => `${operation.id}.${index}`;

/** Whether a value is an input, a variable or a constant, seen through views. */
function isLeaf({ operation: { definition, inputs } }: Value): boolean {
  if (definition.kind === "view") return inputs.every(isLeaf);
  return definition.kind === "leaf";
}
