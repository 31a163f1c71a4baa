/** The cell of an LSTM with peepholes for the sweeps: an LSTM's, with another timestep. */
import step from "../../../shaders/recurrent/peephole_lstm_step.wgsl?raw" with { type: "text" };
import { LSTM_CELL } from "./lstm_sweep.ts";
import { recurrentCell } from "./sweep_cell.ts";

export const PEEPHOLE_LSTM_CELL = recurrentCell({ ...LSTM_CELL, name: "peephole_lstm", step });
