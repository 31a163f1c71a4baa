import type { Op } from "../graph/op.ts";
import type { Graph, Value } from "../graph/operation.ts";
import { gatherOp } from "../ops/gather.ts";
import { gruSweepOp } from "../ops/gru.ts";
import { lstmSweepOp } from "../ops/lstm.ts";
import { simpleRnnSweepOp } from "../ops/simple_rnn.ts";
import type { SweepParts } from "../ops/sweep.ts";
import { rewrite } from "./rewrite.ts";

const SWEEPS = new Map([lstmSweepOp, gruSweepOp, simpleRnnSweepOp].map((op) => [op.definition, op as Op<SweepParts>]));

/** A sweep reads the rows of a gathered input straight from their table: the gathered copy is never made. */
export function gatherIntoSweep(graph: Graph): Graph {
  return rewrite(graph, ({ definition, attributes }, [x, ...rest]) => {
    const sweep = SWEEPS.get(definition);
    if (sweep === undefined || x?.operation.definition !== gatherOp.definition) return undefined;
    const [table, ids] = x.operation.inputs as [Value, Value];
    const parts = attributes as SweepParts;
    if (parts.hasIds || table.shape.length !== 2 || ids.shape.length !== 2) return undefined;
    return sweep([table, ids, ...rest], { ...parts, hasIds: true });
  });
}
