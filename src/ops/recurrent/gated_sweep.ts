/** The sweeps of cells with gates, such as the LSTM and the GRU: one pair of kernels runs them all. */
import type { RecurrentActivations } from "../../kernels/recurrent/activations.ts";
import { sweepBackwardCall } from "../../kernels/recurrent/sweep_backward.ts";
import type { RecurrentCell } from "../../kernels/recurrent/sweep_cell.ts";
import { sweepForwardCall } from "../../kernels/recurrent/sweep_forward.ts";
import type { SweepFamily } from "./sweep.ts";

/** The family of a cell; `previous` gives h before every timestep. */
export function gatedFamily(
  cell: RecurrentCell,
  previous: SweepFamily<RecurrentActivations>["previous"],
): SweepFamily<RecurrentActivations> {
  const { name, gates, states, saved, separatesInner } = cell;
  return {
    name,
    gates,
    states,
    savedParts: saved.length,
    separatesInner,
    rereadsInitial: states === 2,
    previous,
    forwardCall: (...call) => sweepForwardCall(cell, ...call),
    backwardCall: ({ kept, ...reads }, writes, attributes) =>
      sweepBackwardCall(cell, { saved: kept, ...reads }, writes, attributes),
  };
}
