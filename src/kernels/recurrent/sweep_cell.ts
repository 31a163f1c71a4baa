/**
 * What the sweeps know of a recurrent cell with gates. A cell has a file of its own, so that a page carries those it
 * uses.
 */
import backward from "../../../shaders/recurrent/sweep_backward.wgsl?raw" with { type: "text" };
import forward from "../../../shaders/recurrent/sweep_forward.wgsl?raw" with { type: "text" };
import type { AdapterTraits } from "../../core/kernel_call.ts";
import type { ShaderFile } from "../wgsl/parsed.ts";
import type { Shader } from "../wgsl/shader.ts";
import { type MinUnits, sweepShader } from "./sweep_plan.ts";

/** A cell, as its file describes it. */
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
