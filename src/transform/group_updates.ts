import { type Graph, type Operation, operationsOf, rootsOf, type Value } from "../graph/operation.ts";
import { updateGroupOf } from "../ops/optimizers/optimizer_update.ts";

/**
 * Optimizer steps of one rule that nothing else reads become one operation, whose kernel takes as many variables at a time as the
 * adapter has storage buffers for. Run last: what they read is not looked at again.
 */
export function groupUpdates(graph: Graph): Graph {
  const operations = operationsOf(rootsOf(graph));
  const read = new Set([...operations.flatMap(({ operands }) => operands), ...graph.outputs]);
  const groups = new Map<string, Operation[]>();
  for (const operation of operations) {
    if (updateGroupOf(operation.definition) === undefined || operation.results.some((output) => read.has(output)))
      continue;
    const gradient = operation.operands.at(-3) as Value;
    // A gradient that is a variable itself may not lie in a buffer that the same kernel overwrites.
    if (rootKind(gradient) === "leaf") continue;
    const [rates, status] = operation.operands.slice(-2) as [Value, Value];
    const { definition, attributes, operands } = operation;
    const key = `${definition.name} ${operands.length} ${idOf(rates)} ${idOf(status)} ${JSON.stringify(attributes)}`;
    groups.set(key, [...(groups.get(key) ?? []), operation]);
  }
  const renewed = new Map<Value, Value>();
  for (const members of groups.values()) {
    const [first] = members as [Operation, ...Operation[]];
    if (members.length === 1) continue;
    const outputs = updateGroupOf(first.definition)?.(
      members.flatMap(({ operands }) => operands),
      { ...(first.attributes as object), variables: members.length },
    );
    members
      .flatMap((member) => member.results)
      .forEach((output, index) => {
        renewed.set(output, outputs?.[index] as Value);
      });
  }
  return {
    outputs: graph.outputs,
    updates: graph.updates.map(({ variable, value }) => ({ variable, value: renewed.get(value) ?? value })),
  };
}

const idOf = ({ operation, index }: Value) => `${operation.id}.${index}`;

function rootKind(value: Value): string {
  const { definition, operands } = value.operation;
  return definition.kind === "view" ? rootKind(operands[0] as Value) : definition.kind;
}
