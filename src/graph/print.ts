/** A graph as readable text, one operation a line. */
import { formatShape } from "../core/shape.ts";
import {
  type Graph,
  type LeafAttributes,
  type Operation,
  operationsOf,
  rootsOf,
  scalarOf,
  tensorList,
  type Value,
} from "./operation.ts";

/**
 * Prints operations in the order in which they run.
 * @example
 * // %0 = input "x" : float32[2, 3]
 * // %1 = mul(%0, 2) : float32[2, 3]
 * // %2 = gather(table: %1, ids: %4) : float32[7, 3]
 * // return %1
 */
export function printGraph(graph: Graph): string {
  const names = new Map<Value, string>();
  const lines: string[] = [];
  let next = 0;
  for (const operation of operationsOf(rootsOf(graph))) {
    const first = operation.results[0] as Value;
    const literal = scalarOf(first);
    if (literal !== undefined) {
      names.set(first, String(literal));
      continue;
    }
    for (const output of operation.results) names.set(output, `%${next++}`);
    const left = operation.results.map((output) => names.get(output)).join(", ");
    const right = operation.results.map((output) => `${output.dtype}${formatShape(output.shape)}`).join(", ");
    lines.push(`${left} = ${describe(operation, names)} : ${right}`);
  }
  for (const { variable, value } of graph.updates) lines.push(`update "${variable.name}" <- ${names.get(value)}`);
  lines.push(`return ${graph.outputs.map((output) => names.get(output)).join(", ")}`);
  return lines.join("\n");
}

function describe(operation: Operation, names: ReadonlyMap<Value, string>): string {
  const { definition, attributes, inputs } = operation;
  if (definition.kind === "leaf") return `${definition.name} "${(attributes as LeafAttributes).name}"`;
  const nameOf = (value: Value) => names.get(value) ?? "?";
  // An elementwise operation is an expression, of which everybody knows the order.
  const isNamed = definition.kind === "kernel";
  const operands = Object.entries(inputs).flatMap(([name, tensor]) => {
    const own = tensorList({ tensor }).map(nameOf).join(", ");
    if (tensor === undefined) return [];
    return [isNamed ? `${name}: ${Array.isArray(tensor) ? `[${own}]` : own}` : own];
  });
  return `${definition.name}(${[...operands, ...options(attributes)].join(", ")})`;
}

function options(attributes: unknown): string[] {
  if (typeof attributes !== "object" || attributes === null) return [];
  return Object.entries(attributes).flatMap(([key, value]) => {
    if (typeof value === "number" || typeof value === "boolean" || typeof value === "string")
      return [`${key}=${value}`];
    if (Array.isArray(value) && value.every((item) => typeof item === "number"))
      return [`${key}=${formatShape(value)}`];
    return [];
  });
}
