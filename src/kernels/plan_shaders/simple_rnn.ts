/** Simple recurrent layers: the shader file; its rules are those of its family. */
import simple_rnn_forward from "../../../shaders/recurrent/simple_rnn_forward.wgsl?raw" with { type: "text" };

export const rules = {};
export const templates = { simple_rnn_forward };
