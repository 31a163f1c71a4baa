/**
 * What the sweeps know of each cell: its step as a shader, and how it likes to lie on software adapters. Constants of their
 * own, so that a page carries the cells that it uses.
 */
import gruStep from "../../../shaders/recurrent/gru_step.wgsl?raw" with { type: "text" };
import lstmStep from "../../../shaders/recurrent/lstm_step.wgsl?raw" with { type: "text" };
import type { AdapterTraits } from "../../core/kernel_call.ts";
import type { ShaderFile } from "../wgsl/parsed.ts";
import type { Packing } from "./recurrent_pack.ts";
import type { MinUnits } from "./sweep_plan.ts";

/**
 * A recurrent cell with gates, which sweep_forward.wgsl runs over time. The simple layer, which packs four k of its one gate to a
 * vector, has a loop of its own: in this one it took a fifth longer on lavapipe.
 */
export interface RecurrentCell {
  /** Of its kernels: `lstm` has `lstm_forward`. */
  readonly name: string;
  /** WGSL: `cell_step` and `cell_memory`. */
  readonly step: ShaderFile;
  readonly gates: Exclude<Packing["gates"], 1>;
  /** 1: h; 2: h, then c. */
  readonly states: 1 | 2;
  /** Of a thread of the forward sweep, with so many units in the layer. */
  readonly minUnits: (adapter: AdapterTraits, units: number) => MinUnits;
  /** Of a workgroup of the forward sweep, where not as many as otherwise. */
  readonly maxRows?: (adapter: AdapterTraits, units: number) => number;
}

/** i, f, c, o; saved are i, f, candidate, o (activated), then c. */
export const LSTM_CELL: RecurrentCell = {
  name: "lstm",
  step: lstmStep,
  gates: 4,
  states: 2,
  // Without subgroups two units per thread halve lavapipe's reads of h. More sums than these only spill.
  minUnits: ({ kind }, units) => ({ withSubgroups: 1, without: kind === "lavapipe" && units > 8 ? 2 : 1 }),
  maxRows: ({ limits }, units) => (units > 2 * limits.maxComputeInvocationsPerWorkgroup ? 8 : 16),
};

/** z, r, h; saved are z, r, candidate (activated), the candidate's recurrent product, and h before the step. */
export const GRU_CELL: RecurrentCell = {
  name: "gru",
  step: gruStep,
  gates: 3,
  states: 1,
  minUnits: () => ({ withSubgroups: 1, without: 2 }),
};
