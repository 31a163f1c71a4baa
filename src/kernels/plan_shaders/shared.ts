/** The gather, and functions that other shaders share: shader files, and what plans may ask of them. */
import gather from "../../../shaders/data/gather.wgsl?raw" with { type: "text" };
import activations from "../../../shaders/elementwise/activations.wgsl?raw" with { type: "text" };

export { rules } from "../plan_rules/gather.ts";

export const templates = { activations, gather };
