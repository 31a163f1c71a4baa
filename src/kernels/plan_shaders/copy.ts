/** Copies by strides: shader files, and what plans may ask of them. */
import copy from "../../../shaders/data/copy.wgsl?raw" with { type: "text" };

export { rules } from "../plan_rules/copy.ts";

export const templates = { copy };
