/** Recurrent layers with gates: shader files, and what plans may ask of them. */
import lstm_step from "../../../shaders/recurrent/lstm_step.wgsl?raw" with { type: "text" };
import padding from "../../../shaders/recurrent/padding.wgsl?raw" with { type: "text" };
import recurrent_pack from "../../../shaders/recurrent/recurrent_pack.wgsl?raw" with { type: "text" };
import sweep_common from "../../../shaders/recurrent/sweep_common.wgsl?raw" with { type: "text" };
import sweep_forward from "../../../shaders/recurrent/sweep_forward.wgsl?raw" with { type: "text" };

export { rules } from "../plan_rules/recurrent.ts";

export const templates = { recurrent_pack, padding, sweep_forward, sweep_common, lstm_step };
