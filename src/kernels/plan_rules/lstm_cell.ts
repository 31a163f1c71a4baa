/** Rules of an LSTM's single step. */
import type { ShaderRule, ShaderRules } from "./rule.ts";

/** Invocations of a workgroup. */
const THREADS = 64;

/** Codes of activations.wgsl. */
const ACTIVATION = [0, 6] as const;

const LSTM_CELL: ShaderRule = {
  constants: { ACTIVATION, RECURRENT_ACTIVATION: ACTIVATION },
  entries: {
    lstm_cell: ({ params: { batch = 1, hidden = 1 } }) => {
      const size = batch * hidden;
      return {
        workgroups: size / THREADS,
        work: 16 * THREADS,
        elements: { z: 4 * size, c: size, h: size, c_next: size },
      };
    },
  },
};

export const files = ["lstm_cell"];

export const rules: ShaderRules = {
  "lstm_cell+activations": LSTM_CELL,
};
