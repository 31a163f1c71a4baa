/** Products with a narrow side: the shader file; its rules are those of its family. */
import matmul_direct from "../../../shaders/matmul/matmul_direct.wgsl?raw" with { type: "text" };

export const rules = {};
export const templates = { matmul_direct };
