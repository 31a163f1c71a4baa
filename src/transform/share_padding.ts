/**
 * Rows of a left-padded batch go through the same states while they read their padding: where a sweep starts from zeros,
 * reads rows of a table by id, and nothing but its last states is wanted, the padding is read once for all rows. Run before
 * differentiation, so that the gradient is shared too. Whether an adapter gains by it is the kernels' choice.
 */
import type { Graph, Value } from "../graph/operation.ts";
import { MOST_SCHEDULED_ROWS } from "../kernels/recurrent/padding.ts";
import { gatherOp } from "../ops/data/gather.ts";
import { type LstmActivations, lstmPaddedSweep, lstmSweepOp } from "../ops/recurrent/lstm.ts";
import type { SweepParts } from "../ops/recurrent/sweep.ts";
import { countUses, rewrite } from "./rewrite.ts";

/** Shares the padding of every sweep that allows it. */
export function sharePadding(graph: Graph): Graph {
  const uses = countUses(graph);
  return rewrite(graph, ({ definition, attributes, operation, inputs }) => {
    const [x, recurrent] = [inputs.operands ?? []].flat();
    if (definition !== lstmSweepOp.definition || x === undefined || !gatherOp.matches(x.operation)) return undefined;
    const parts = attributes as SweepParts & LstmActivations;
    const { table, ids } = x.operation.inputs;
    if (parts.hasIds || parts.hasInitial || parts.hasMask) return undefined;
    if (table.shape.length !== 2 || ids.shape.length !== 2 || (ids.shape[0] as number) > MOST_SCHEDULED_ROWS) {
      return undefined;
    }
    if (operation.results.slice(0, -1).some((output) => uses.has(output))) return undefined;
    const { activation, recurrentActivation } = parts;
    const last = lstmPaddedSweep(table, ids, recurrent as Value, { activation, recurrentActivation });
    return { results: operation.results.map(() => last) };
  });
}
