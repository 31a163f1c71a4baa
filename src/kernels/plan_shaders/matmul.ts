/** Matrix products: shader files, and what plans may ask of them. */
import matmul_common from "../../../shaders/matmul/matmul_common.wgsl?raw" with { type: "text" };
import matmul_naive from "../../../shaders/matmul/matmul_naive.wgsl?raw" with { type: "text" };
import matmul_out_scalar from "../../../shaders/matmul/matmul_out_scalar.wgsl?raw" with { type: "text" };
import matmul_out_vector from "../../../shaders/matmul/matmul_out_vector.wgsl?raw" with { type: "text" };
import matmul_tiled from "../../../shaders/matmul/matmul_tiled.wgsl?raw" with { type: "text" };

export { rules } from "../plan_rules/matmul.ts";

export const templates = { matmul_common, matmul_out_scalar, matmul_out_vector, matmul_naive, matmul_tiled };
