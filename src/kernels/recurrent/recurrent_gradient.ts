/** The gradient of a recurrent kernel over the steps that were really run. */
import source from "../../../shaders/recurrent/recurrent_gradient.wgsl?raw" with { type: "text" };
import {
  type AdapterTraits,
  type Dispatch,
  foldGrid,
  type KernelCall,
  type Operand,
  type Scratch,
} from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";
import { innerLoop } from "./sweep_plan.ts";

const shader = Shader.of({ recurrent_gradient: source });

/** As in the shader. */
const COMBINE_WORKGROUP = 64;
/** Splits on a GPU, so that a few tiles keep it busy. */
const GPU_SPLITS = 16;

/** What the kernel reads. */
export interface RecurrentGradientReads {
  /** f32[B, T, M]: h after each step; with row B, the padding's own, where rows share it. */
  readonly hidden: Operand;
  /** f32[B, T, N]: the gradient of each step's recurrent product, with as many rows. N is a multiple of 4. */
  readonly dZ: Operand;
  /** i32[2, B] or i32[3 B + B T], both of row_order.ts. */
  readonly schedule: Operand;
  /** f32[S, B, M]: states before the first step, h first; zeros when absent. With a mask only. */
  readonly initial?: Operand | undefined;
}

/**
 * Sums h[t - 1]ᵀ · dZ[t] over each row's own steps, to f32[M, N].
 *
 * @example
 * recurrentGradientCall({ hidden, dZ, schedule }, { isMasked: false }, dRecurrent);
 */
export function recurrentGradientCall(
  { hidden, dZ, schedule, initial }: RecurrentGradientReads,
  { isMasked }: { readonly isMasked: boolean },
  out: Operand,
): KernelCall {
  const [rows, steps, M] = dims(hidden.shape, 3);
  const [, , N] = dims(dZ.shape, 3);
  const batch = isMasked ? rows : rows - 1;
  return {
    kernel: "recurrent_gradient",
    reads: { hidden, dZ, schedule, initial },
    writes: { out },
    plan: (adapter) => {
      const { constants, features, tile } = layoutOf(adapter);
      const isVector = M % 4 === 0;
      const specialised = shader
        .constants({
          ...constants,
          VECTOR: isVector,
          ElementH: isVector ? "vec4f" : "f32",
          MASKED: isMasked ? 1 : 0,
        })
        .features(features);
      const x = Math.ceil(N / tile.columns);
      const y = Math.ceil(M / tile.rows);
      const seconds = (x * tile.columns * y * tile.rows * rows * steps) / adapter.multiplyAddsPerSecond;
      const forced = Math.ceil(seconds / adapter.dispatchSeconds);
      const splits = Math.max(1, Math.min(rows, adapter.kind === "gpu" ? Math.max(GPU_SPLITS, forced) : forced));
      const perDispatch = Math.max(1, Math.floor(splits / forced));
      const params = (first: number) => ({ batch, steps, M, columns: N / 4, splits, first });
      const parts: Scratch = { bytes: splits * M * N * 4 };
      const dispatches: Dispatch[] = [];
      for (let first = 0; first < splits; first += perDispatch) {
        dispatches.push(
          dispatch({
            label: "recurrent_gradient",
            shader: specialised,
            entryPoint: "recurrent_gradient",
            params: params(first),
            buffers: { hidden, d_z: dZ, schedule, initial, out: splits === 1 ? out : parts },
            workgroups: [x, y, Math.min(perDispatch, splits - first)],
            isExtraChunk: first > 0,
          }),
        );
      }
      if (splits === 1) return { dispatches };
      dispatches.push(
        dispatch({
          label: "recurrent_gradient/combine",
          shader,
          entryPoint: "combine",
          params: params(0),
          buffers: { parts, out },
          workgroups: foldGrid(Math.ceil((M * N) / 4 / COMBINE_WORKGROUP), adapter),
        }),
      );
      return { dispatches };
    },
  };
}

/**
 * Software adapters take as many rows as a subgroup's lanes load at once; without subgroups a squarer tile costs fewer
 * loads.
 */
function layoutOf(adapter: AdapterTraits) {
  const { features, lanes } = innerLoop(adapter);
  const QUADS = lanes === 8 ? 8 : 4;
  const COLUMNS = lanes === 8 ? 1 : 2;
  const THREADS = adapter.kind === "gpu" ? 32 : 8;
  return {
    features,
    constants: { QUADS, COLUMNS, THREADS },
    tile: { rows: 4 * QUADS, columns: 4 * COLUMNS * THREADS },
  };
}
