/** The LSTM's cell for the sweeps. */
import step from "../../../shaders/recurrent/lstm_step.wgsl?raw" with { type: "text" };
import { recurrentCell } from "./sweep_cell.ts";

export const LSTM_CELL = recurrentCell({
  name: "lstm",
  step,
  gates: 4,
  states: 2,
  saved: ["i", "f", "candidate", "o", "c"],
  separatesInner: false,
  // Without subgroups two units per thread halve lavapipe's reads of h. More sums than these only spill.
  minUnits: ({ kind }, units) => ({ withSubgroups: 1, without: kind === "lavapipe" && units > 8 ? 2 : 1 }),
  maxRows: ({ limits }, units) => (units > 2 * limits.maxComputeInvocationsPerWorkgroup ? 8 : 16),
  // With fewer, Mesa 25.0's compiler ends the process ("Cannot emit physreg copy instruction") for many sizes, 100
  // among them.
  minRowsBackward: ({ kind, subgroupSize }) => (kind === "lavapipe" && subgroupSize === 0 ? 16 : 4),
});
