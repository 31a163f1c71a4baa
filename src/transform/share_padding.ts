/**
 * Rows of a left-padded batch go through the same states while they read their padding: where a sweep starts from
 * zeros, reads rows of a table by id, and nothing but its last states is wanted, the padding is read once for all rows.
 * Run before differentiation, so that the gradient is shared too. Whether an adapter gains by it is the kernels'
 * choice.
 */
import { at } from "../core/at.ts";
import type { Graph } from "../graph/operation.ts";
import { MOST_SCHEDULED_ROWS } from "../kernels/recurrent/row_order.ts";
import { gatherOp } from "../ops/data/gather.ts";
import { sweepOf } from "../ops/recurrent/sweep.ts";
import { countUses, rewrite } from "./rewrite.ts";

/** Shares the padding of every sweep whose kernels allow it. */
export function sharePadding(graph: Graph): Graph {
  const uses = countUses(graph);
  return rewrite(graph, (visited) => {
    const sweep = sweepOf(visited.definition);
    if (sweep?.padded === undefined || !sweep.matches(visited)) return undefined;
    const { inputs, outputs, attributes } = visited;
    const { x, recurrent, bias, unitWeights } = inputs;
    if (!gatherOp.matches(x.operation) || inputs.ids || inputs.initial || inputs.mask) return undefined;
    const { table, ids } = x.operation.inputs;
    if (table.shape.length !== 2 || ids.shape.length !== 2 || at(ids.shape, 0) > MOST_SCHEDULED_ROWS) return undefined;
    if ([outputs.hidden, outputs.saved].some((output) => output !== undefined && uses.has(output))) return undefined;
    return { last: sweep.padded.last({ table, ids, recurrent, bias, unitWeights }, attributes) };
  });
}
