/** Masks in recurrent layers: shader files, and what plans may ask of them. */
import mask_schedule from "../../../shaders/recurrent/mask_schedule.wgsl?raw" with { type: "text" };

export { rules } from "../plan_rules/mask.ts";

export const templates = { mask_schedule };
