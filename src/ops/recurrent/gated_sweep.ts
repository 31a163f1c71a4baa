/** The sweeps of cells with gates, such as the LSTM and the GRU: one pair of kernels runs them all. */
import type { RecurrentActivations } from "../../kernels/elementwise/activations.ts";
import type { RecurrentCell } from "../../kernels/recurrent/cells.ts";
import { sweepBackwardCall, sweepForwardCall } from "../../kernels/recurrent/sweep.ts";
import { definePaddedSweep } from "./padded_sweep.ts";
import { defineSweep, type SweepFamily, type SweepOp } from "./sweep.ts";

type Family = SweepFamily<RecurrentActivations>;

/**
 * The op of a cell's sweep, with what its kernels do not tell. Its name is the cell's when absent. The same kernels
 * serve rows that share their padding.
 */
export function defineGatedSweep(
  cell: RecurrentCell,
  own: Pick<Family, "previous" | "unitWeights"> & Partial<Pick<Family, "name">>,
): SweepOp<RecurrentActivations> {
  const { name, gates, states, saved, separatesInner } = cell;
  const family: Family = {
    name,
    gates,
    states,
    savedParts: saved.length,
    separatesInner,
    rereadsInitial: states === 2,
    ...own,
    forwardCall: (...call) => sweepForwardCall(cell, ...call),
    backwardCall: ({ kept, ...reads }, writes, attributes) =>
      sweepBackwardCall(cell, { saved: kept, ...reads }, writes, attributes),
  };
  return defineSweep(family, definePaddedSweep);
}
