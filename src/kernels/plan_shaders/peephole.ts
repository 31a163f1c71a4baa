/** The cell of an LSTM with peepholes: the shader file; its rules are those of its family. */
import peephole_lstm_step from "../../../shaders/recurrent/peephole_lstm_step.wgsl?raw" with { type: "text" };

export const rules = {};
export const templates = { peephole_lstm_step };
