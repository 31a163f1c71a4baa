/** A graph as readable text, one operation a line. */
import { formatShape } from "../core/shape.ts";
import {
  type Graph,
  type LeafAttributes,
  type Operation,
  operationsOf,
  rootsOf,
  scalarOf,
  type Value,
} from "./operation.ts";

/**
 * Prints operations in the order in which they run.
 * @example
 * // %0 = input "x" : float32[2, 3]
 * // %1 = multiply(%0, 2) : float32[2, 3]
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
  const { definition, attributes, operands } = operation;
  if (definition.kind === "leaf") return `${definition.name} "${(attributes as LeafAttributes).name}"`;
  return `${definition.name}(${[...operands.map((value) => names.get(value)), ...options(attributes)].join(", ")})`;
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
