/** Fused elementwise kernels: shader files, and what plans may ask of them. */
import elementwise from "../../../shaders/elementwise/elementwise.wgsl?raw" with { type: "text" };

export { expressionShader } from "../elementwise/read_expression.ts";

export { rules } from "../plan_rules/elementwise.ts";

export const templates = { elementwise };
