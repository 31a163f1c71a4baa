/** An LSTM's single step: shader files, and what plans may ask of them. */
import lstm_cell from "../../../shaders/recurrent/lstm_cell.wgsl?raw" with { type: "text" };

export { rules } from "../plan_rules/lstm_cell.ts";

export const templates = { lstm_cell };
