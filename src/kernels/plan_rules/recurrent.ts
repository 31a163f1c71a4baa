/** Rules of recurrent layers with gates. */
import type { Allowed, Demand, Given, ShaderRule, ShaderRules } from "./rule.ts";

/** Invocations of a workgroup. */
const THREADS = 64;

/** Codes of activations.wgsl. */
const ACTIVATION = [0, 6] as const;

const FLAG = [0, 1] as const;

const RECURRENT_PACK: ShaderRule = {
  constants: { GATES: [1, 4], PER: [1, 4], TRANSPOSED: FLAG, UNIT_WEIGHTS: [0, 4] },
  entries: {
    recurrent_pack: ({ params: { hidden = 1, rows = 1 }, constant }) => ({
      workgroups: (rows * hidden) / THREADS,
      work: 4 * THREADS,
      elements: { recurrent: hidden * hidden * constant("GATES"), packed: 4 * rows * hidden },
    }),
  },
};

const PADDING: ShaderRule = {
  constants: { MOST: [1, 2048], SHARE: FLAG },
  entries: {
    padding_schedule: ({ params: { batch = 1, steps = 1 }, constant }) => ({
      workgroups: 1,
      work: 2 * (batch + 1) * steps + batch * (batch + 256),
      elements: { ids: batch * steps, schedule: 2 * batch, own_ids: (batch + 1) * steps },
      isConsistent: batch <= constant("MOST"),
    }),
  },
};

/** Plans take four rows to a workgroup and share no padding: see PORTABLE_TRAITS. */
const SWEEP_CONSTANTS: Readonly<Record<string, Allowed>> = {
  HIDDEN: [1, 4096],
  THREADS: [1, 256],
  UNITS: [1, 16],
  ROWS: [4, 4],
  BUFFERS: [1, 2],
  STEP_QUADS: [1, 1],
  ACTIVATION,
};

/** A forward sweep of a layer of so many gates and states. */
function sweep({ params, constant, has }: Given, gates: number, states: number): Demand {
  const { batch = 1, steps = 1, start = 0, end = 1, table_rows = 1 } = params;
  const [hidden, rows] = [constant("HIDDEN"), constant("ROWS")];
  const units = Math.max(hidden, constant("THREADS") * constant("UNITS"));
  const summands = Math.ceil(hidden / 4) * 4;
  return {
    workgroups: batch / rows,
    work: rows * (end - start + 1) * gates * units * summands,
    elements: {
      x: (has("ids") ? table_rows : batch * steps) * gates * hidden,
      ids: batch * steps,
      packed: summands * hidden * (gates === 1 ? 1 : 4),
      initial: states * batch * hidden,
      mask: batch * (3 + steps),
      hidden: batch * steps * hidden,
      saved: 5 * batch * steps * hidden,
      last: states * batch * hidden,
    },
    isConsistent: start <= end && end <= steps,
  };
}

const SWEEP: ShaderRule = {
  constants: {
    ...SWEEP_CONSTANTS,
    GATES: [3, 4],
    STATES: [1, 2],
    HAS_BIAS: FLAG,
    RECURRENT_ACTIVATION: ACTIVATION,
    PADDING: [0, 0],
  },
  features: ["unrolled_rows"],
  entries: {
    sweep_forward: (given) => sweep(given, given.constant("GATES"), given.constant("STATES")),
  },
};

const SIMPLE_RNN: ShaderRule = {
  constants: SWEEP_CONSTANTS,
  features: ["unrolled_rows"],
  entries: { simple_rnn_forward: (given) => sweep(given, 1, 1) },
};

export const files = ["recurrent_pack", "padding", "sweep_forward", "sweep_common", "lstm_step"];

export const rules: ShaderRules = {
  recurrent_pack: RECURRENT_PACK,
  padding: PADDING,
  "sweep_forward+lstm_step+sweep_common+activations": SWEEP,
  "sweep_forward+gru_step+sweep_common+activations": SWEEP,
  "sweep_forward+peephole_lstm_step+sweep_common+activations": SWEEP,
  "simple_rnn_forward+sweep_common+activations": SIMPLE_RNN,
};
