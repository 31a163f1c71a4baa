import type { Graph } from "../graph/operation.ts";
import { rewrite } from "./rewrite.ts";

/** Replaces composite ops by what they are made of, until none is left. */
export function expandComposites(graph: Graph): Graph {
  let found = false;
  const expanded = rewrite(graph, ({ definition, attributes }, inputs) => {
    if (definition.kind !== "composite") return undefined;
    found = true;
    return definition.expand({ inputs, attributes });
  });
  return found ? expandComposites(expanded) : expanded;
}
