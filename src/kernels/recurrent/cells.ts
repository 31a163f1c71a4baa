/** The recurrent cells with gates, as the sweeps use them. A page carries only the cells that it names. */
import gru_step from "../../../shaders/recurrent/gru_step.wgsl?raw" with { type: "text" };
import lstm_step from "../../../shaders/recurrent/lstm_step.wgsl?raw" with { type: "text" };
import peephole_lstm_step from "../../../shaders/recurrent/peephole_lstm_step.wgsl?raw" with { type: "text" };
import backward from "../../../shaders/recurrent/sweep_backward.wgsl?raw" with { type: "text" };
import forward from "../../../shaders/recurrent/sweep_forward.wgsl?raw" with { type: "text" };
import type { AdapterTraits } from "../../core/kernel_call.ts";
import type { ShaderFile } from "../wgsl/parsed.ts";
import type { Shader } from "../wgsl/shader.ts";
import { type MinUnits, sweepShader } from "./sweep_plan.ts";

/** What the sweeps need to know of a cell. */
export interface CellDescription {
  /** Of its kernels: `lstm` has `lstm_forward` and `lstm_backward`. */
  readonly name: string;
  /** WGSL: `cell_step`, `cell_memory` and `cell_step_back`. It reads a unit's own weights by `unit_weights`. */
  readonly step: ShaderFile;
  /** In the order of the weights' columns. */
  readonly gates: 3 | 4;
  /** 1: h; 2: h, then c. */
  readonly states: 1 | 2;
  /** What a unit saves in a timestep for the backward sweep: four numbers, then the cell's memory. */
  readonly saved: readonly [string, string, string, string, string];
  /** True where the gradient of the recurrent product is not that of the input. */
  readonly separatesInner: boolean;
  /** Of a thread of the forward sweep, with so many units in the layer. */
  readonly minUnits: (adapter: AdapterTraits, units: number) => MinUnits;
  /** Of a workgroup of the forward sweep on software adapters; sixteen when absent. */
  readonly maxRows?: (adapter: AdapterTraits, units: number) => number;
  /** Of a workgroup of the backward sweep on software adapters; four when absent. */
  readonly minRowsBackward?: (adapter: AdapterTraits) => number;
}

/** A cell with its shaders. */
export interface RecurrentCell extends CellDescription {
  readonly forward: Shader;
  readonly backward: Shader;
}

/** The cell that `sweepForwardCall` and `sweepBackwardCall` run over time. */
export function recurrentCell(cell: CellDescription): RecurrentCell {
  const step = { [`${cell.name}_step`]: cell.step };
  return {
    ...cell,
    forward: sweepShader({ sweep_forward: forward, ...step }),
    backward: sweepShader({ sweep_backward: backward, ...step }),
  };
}

/** The LSTM: lstm_step.wgsl has its equations. */
export const LSTM_CELL = /* @__PURE__ */ recurrentCell({
  name: "lstm",
  step: lstm_step,
  gates: 4,
  states: 2,
  saved: ["i", "f", "candidate", "o", "c"],
  separatesInner: false,
  // Without subgroups two units per thread halve lavapipe's reads of h. More sums than these only spill.
  minUnits: ({ kind }, units) => ({ withSubgroups: 1, without: kind === "lavapipe" && units > 8 ? 2 : 1 }),
  maxRows: ({ limits }, units) => (units > 2 * limits.maxComputeInvocationsPerWorkgroup ? 8 : 16),
  // With fewer, Mesa 25.0's compiler ends the process ("Cannot emit physreg copy instruction") for many sizes, 100
  // among them.
  minRowsBackward: ({ kind, subgroupSize }) => (kind === "lavapipe" && subgroupSize === 0 ? 16 : 4),
});

/** The LSTM with peepholes: an LSTM with another timestep, peephole_lstm_step.wgsl. */
export const PEEPHOLE_LSTM_CELL = /* @__PURE__ */ recurrentCell({
  ...LSTM_CELL,
  name: "peephole_lstm",
  step: peephole_lstm_step,
});

/** The GRU with its reset gate after the recurrent product: gru_step.wgsl. */
export const GRU_CELL = /* @__PURE__ */ recurrentCell({
  name: "gru",
  step: gru_step,
  gates: 3,
  states: 1,
  saved: ["z", "r", "candidate", "inner candidate", "h before"],
  separatesInner: true,
  minUnits: () => ({ withSubgroups: 1, without: 2 }),
});
