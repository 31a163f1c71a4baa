/** One step of an LSTM as an elementwise kernel, and its gradient: for streaming and for loops written by hand. */

import shader from "../../../shaders/recurrent/lstm_cell.wgsl?raw" with { type: "text" };
import { foldGrid, type KernelCall, type Operand, u32, writeBuffer } from "../../core/kernel_call.ts";
import { specialise } from "../wgsl/specialise.ts";
import { activationConstants, type RecurrentActivations, withActivations } from "./activations.ts";
import { optionalReads } from "./sweep.ts";

const source = withActivations(shader);

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
  const [batch, hidden] = c.shape as readonly [number, number];
  const { reads, bind } = optionalReads({ z, c });
  const specialised = specialise(source, activationConstants(activations));
  return {
    kernel: "lstm_cell",
    reads,
    writes: [h, cNext],
    plan: (adapter) => ({
      dispatches: [
        {
          label: "lstm_cell",
          source: specialised,
          entryPoint: "lstm_cell",
          params: [u32(batch), u32(hidden)],
          buffers: [bind("z"), bind("c"), writeBuffer(0), writeBuffer(1)],
          workgroups: foldGrid(Math.ceil((batch * hidden) / THREADS), adapter),
        },
      ],
      scratch: [],
    }),
  };
}

/**
 * Gradients of `lstmCellCall` by z (f32[B, 4H]) and c (f32[B, H]), from those of h and of the next c; an absent one is zero.
 * The call's `reads` are z, c, dH, dC, each if given.
 */
export function lstmCellGradCall(
  {
    z,
    c,
    dH,
    dC,
  }: {
    readonly z: Operand;
    readonly c: Operand;
    readonly dH?: Operand | undefined;
    readonly dC?: Operand | undefined;
  },
  { dZ, dCPrev }: { readonly dZ: Operand; readonly dCPrev: Operand },
  activations: RecurrentActivations,
): KernelCall {
  const [batch, hidden] = c.shape as readonly [number, number];
  const { reads, bind } = optionalReads({ z, c, dH, dC });
  const specialised = specialise(source, {
    HAS_D_H: dH === undefined ? 0 : 1,
    HAS_D_C: dC === undefined ? 0 : 1,
    ...activationConstants(activations),
  });
  return {
    kernel: "lstm_cell_grad",
    reads,
    writes: [dZ, dCPrev],
    plan: (adapter) => ({
      dispatches: [
        {
          label: "lstm_cell_grad",
          source: specialised,
          entryPoint: "lstm_cell_grad",
          params: [u32(batch), u32(hidden)],
          buffers: [bind("z"), bind("c"), bind("dH"), bind("dC"), writeBuffer(0), writeBuffer(1)],
          workgroups: foldGrid(Math.ceil((batch * hidden) / THREADS), adapter),
        },
      ],
      scratch: [],
    }),
  };
}
