import type { Graph } from "../graph/operation.ts";
import { gatherOp } from "../ops/data/gather.ts";
import { sweepOf } from "../ops/recurrent/sweep.ts";
import { rewrite } from "./rewrite.ts";

/** A sweep reads the rows of a gathered input straight from their table: the gathered copy is never made. */
export function gatherIntoSweep(graph: Graph): Graph {
  return rewrite(graph, (visited) => {
    const sweep = sweepOf(visited.definition);
    if (sweep === undefined || !sweep.matches(visited)) return undefined;
    const { x, ...rest } = visited.inputs;
    if (rest.ids !== undefined || !gatherOp.matches(x.operation)) return undefined;
    const { table, ids } = x.operation.inputs;
    if (table.shape.length !== 2 || ids.shape.length !== 2) return undefined;
    return { ...sweep({ ...rest, x: table, ids }, visited.attributes) };
  });
}
