/** Packing the recurrent kernel of a sweep: one dispatch before the first step. */
import source from "../../../shaders/recurrent/recurrent_pack.wgsl?raw" with { type: "text" };
import { type AdapterTraits, type Dispatch, foldGrid, type Operand, type Tensor } from "../../core/kernel_call.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";
import { roundUp } from "./sweep.ts";

const shader = Shader.of({ recurrent_pack: source });

/** As in the shader. */
const THREADS = 64;
const BYTES_PER_VECTOR = 16;

/** What is packed, and for which sweep. */
export interface Packing {
  /** H. */
  readonly hidden: number;
  /** Gates of the layer: 4 (LSTM), 3 (GRU) or 1 (SimpleRNN). */
  readonly gates: 1 | 3 | 4;
  /** The backward sweep sums over units, the forward sweep over k. */
  readonly order: "forward" | "backward";
  /** The summands that a loop takes at once: zeros fill up to a multiple of it. */
  readonly multiple: number;
  /** Rows behind the kernel: one for the recurrent bias, one for the units' own weights. */
  readonly rowsBehind: number;
}

/** Bytes of the packed kernel. */
export function packedBytes(packing: Packing): number {
  return packedRows(packing) * packing.hidden * BYTES_PER_VECTOR;
}

/** What is packed. */
export interface PackReads {
  /** f32[H, G·H]. */
  readonly recurrent: Operand;
  /** f32[G·H]: the recurrent bias. */
  readonly bias?: Operand | undefined;
  /** f32[W, H], W at most 4: weights that each unit has of its own. */
  readonly unitWeights?: Operand | undefined;
}

/** The dispatch that packs a recurrent kernel, and what stands behind it. */
export function packDispatch(
  adapter: AdapterTraits,
  packing: Packing,
  { recurrent, bias, unitWeights }: PackReads,
  packed: Tensor,
): Dispatch {
  const { hidden, gates, order } = packing;
  const rows = packedRows(packing);
  return dispatch({
    label: `recurrent_pack ${order}`,
    shader: shader.constants({
      GATES: gates,
      PER: summandsPerVector(gates),
      TRANSPOSED: order === "backward" ? 1 : 0,
      UNIT_WEIGHTS: unitWeights?.shape[0] ?? 0,
    }),
    entryPoint: "recurrent_pack",
    params: { hidden, summands: summands(packing), rows },
    buffers: { recurrent, bias, unit_weights: unitWeights, packed },
    workgroups: foldGrid(Math.ceil((rows * hidden) / THREADS), adapter),
  });
}

/** A vector holds the gates of one summand, or four summands of a single gate. */
function summandsPerVector(gates: number): number {
  return gates === 1 ? 4 : 1;
}

function summands({ hidden, multiple }: Packing): number {
  return roundUp(hidden, multiple);
}

function packedRows(packing: Packing): number {
  return summands(packing) / summandsPerVector(packing.gates) + packing.rowsBehind;
}
