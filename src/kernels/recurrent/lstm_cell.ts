/** One step of an LSTM as an elementwise kernel, and its gradient: for streaming and for loops written by hand. */
import activationFunctions from "../../../shaders/elementwise/activations.wgsl?raw" with { type: "text" };
import source from "../../../shaders/recurrent/lstm_cell.wgsl?raw" with { type: "text" };
import { foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { activationConstants, type RecurrentActivations } from "../elementwise/activations.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ lstm_cell: source, activations: activationFunctions });

/** As in the shader. */
const THREADS = 64;

/**
 * h and the next c (f32[B, H]) from pre-activations z (f32[B, 4H], gates in the order i, f, c, o) and c (f32[B, H]).
 * @example
 * lstmCellCall({ z, c }, { h, cNext }, { activation: "tanh", recurrentActivation: "sigmoid" });
 */
export function lstmCellCall(
  { z, c }: { readonly z: Operand; readonly c: Operand },
  { h, cNext }: { readonly h: Operand; readonly cNext: Operand },
  activations: RecurrentActivations,
): KernelCall {
  const [batch, hidden] = dims(c.shape, 2);
  return {
    kernel: "lstm_cell",
    reads: { z, c },
    writes: { h, cNext },
    plan: (adapter) => ({
      dispatches: [
        dispatch({
          label: "lstm_cell",
          shader: shader.constants(activationConstants(activations)),
          entryPoint: "lstm_cell",
          params: { batch, hidden },
          buffers: { z, c, h, c_next: cNext },
          workgroups: foldGrid(Math.ceil((batch * hidden) / THREADS), adapter),
        }),
      ],
    }),
  };
}

/** What `lstmCellGradCall` reads. */
export interface LstmCellGradReads {
  readonly z: Operand;
  readonly c: Operand;
  /** The gradient of h; zeros when absent. */
  readonly dH?: Operand | undefined;
  /** The gradient of the next c; zeros when absent. */
  readonly dC?: Operand | undefined;
}

/** Gradients of `lstmCellCall` by z (f32[B, 4H]) and c (f32[B, H]), from those of h and of the next c. */
export function lstmCellGradCall(
  { z, c, dH, dC }: LstmCellGradReads,
  { dZ, dCPrev }: { readonly dZ: Operand; readonly dCPrev: Operand },
  activations: RecurrentActivations,
): KernelCall {
  const [batch, hidden] = dims(c.shape, 2);
  return {
    kernel: "lstm_cell_grad",
    reads: { z, c, dH, dC },
    writes: { dZ, dCPrev },
    plan: (adapter) => ({
      dispatches: [
        dispatch({
          label: "lstm_cell_grad",
          shader: shader.constants(activationConstants(activations)),
          entryPoint: "lstm_cell_grad",
          params: { batch, hidden },
          buffers: { z, c, d_h: dH, d_c: dC, d_z: dZ, d_c_prev: dCPrev },
          workgroups: foldGrid(Math.ceil((batch * hidden) / THREADS), adapter),
        }),
      ],
    }),
  };
}
