/** The GRU's cell for the sweeps. */
import step from "../../../shaders/recurrent/gru_step.wgsl?raw" with { type: "text" };
import { recurrentCell } from "./sweep_cell.ts";

export const GRU_CELL = recurrentCell({
  name: "gru",
  step,
  gates: 3,
  states: 1,
  saved: ["z", "r", "candidate", "inner candidate", "h before"],
  separatesInner: true,
  minUnits: () => ({ withSubgroups: 1, without: 2 }),
});
