import type { Graph, Value } from "../graph/operation.ts";
import { gatherOp } from "../ops/data/gather.ts";
import { type SweepParts, sweepOf } from "../ops/recurrent/sweep.ts";
import { rewrite } from "./rewrite.ts";

/** A sweep reads the rows of a gathered input straight from their table: the gathered copy is never made. */
export function gatherIntoSweep(graph: Graph): Graph {
  return rewrite(graph, ({ definition, attributes }, [x, ...rest]) => {
    const sweep = sweepOf(definition);
    if (sweep === undefined || x?.operation.definition !== gatherOp.definition) return undefined;
    const [table, ids] = x.operation.inputs as [Value, Value];
    const parts = attributes as SweepParts;
    if (parts.hasIds || table.shape.length !== 2 || ids.shape.length !== 2) return undefined;
    return sweep([table, ids, ...rest], { ...parts, hasIds: true });
  });
}
