/** Reductions and softmax: shader files, and what plans may ask of them. */
import reduce from "../../../shaders/reduce/reduce.wgsl?raw" with { type: "text" };
import softmax from "../../../shaders/reduce/softmax.wgsl?raw" with { type: "text" };

export { rules } from "../plan_rules/reduce.ts";

export const templates = { reduce, softmax };
