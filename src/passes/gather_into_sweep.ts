import type { Graph, Value } from "../graph/operation.ts";
import { gatherOp } from "../ops/gather.ts";
import { lstmSweepOp, type SweepAttributes } from "../ops/lstm.ts";
import { rewrite } from "./rewrite.ts";

/** An LSTM sweep reads the rows of a gathered input straight from their table: the gathered copy is never made. */
export function gatherIntoSweep(graph: Graph): Graph {
  return rewrite(graph, ({ definition, attributes }, [x, ...rest]) => {
    if (definition !== lstmSweepOp.definition || x?.operation.definition !== gatherOp.definition) return undefined;
    const [table, ids] = x.operation.inputs as [Value, Value];
    const sweep = attributes as SweepAttributes;
    if (sweep.hasIds || table.shape.length !== 2 || ids.shape.length !== 2) return undefined;
    return lstmSweepOp([table, ids, ...rest], { ...sweep, hasIds: true });
  });
}
