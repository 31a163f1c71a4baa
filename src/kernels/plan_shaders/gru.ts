/** The GRU's cell: the shader file; its rules are those of its family. */
import gru_step from "../../../shaders/recurrent/gru_step.wgsl?raw" with { type: "text" };

export const rules = {};
export const templates = { gru_step };
