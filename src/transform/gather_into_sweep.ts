import type { Graph } from "../graph/operation.ts";
import { gatherOp } from "../ops/data/gather.ts";
import { type SweepParts, sweepOf } from "../ops/recurrent/sweep.ts";
import { rewrite } from "./rewrite.ts";

/** A sweep reads the rows of a gathered input straight from their table: the gathered copy is never made. */
export function gatherIntoSweep(graph: Graph): Graph {
  return rewrite(graph, ({ definition, attributes, inputs }) => {
    const sweep = sweepOf(definition);
    const [x, ...rest] = [inputs.operands ?? []].flat();
    if (sweep === undefined || x === undefined || !gatherOp.matches(x.operation)) return undefined;
    const { table, ids } = x.operation.inputs;
    const parts = attributes as SweepParts;
    if (parts.hasIds || table.shape.length !== 2 || ids.shape.length !== 2) return undefined;
    return { results: sweep([table, ids, ...rest], { ...parts, hasIds: true }) };
  });
}
