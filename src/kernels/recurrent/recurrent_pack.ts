/** Packing the recurrent kernel of a sweep: one dispatch before the first step. */

import source from "../../../shaders/recurrent/recurrent_pack.wgsl?raw" with { type: "text" };
import { type AdapterTraits, type BufferBinding, type Dispatch, foldGrid, u32 } from "../../core/kernel_call.ts";
import { specialise } from "../wgsl/specialise.ts";
import { roundUp } from "./sweep.ts";

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
  readonly multiple?: number;
  /** With a row for the recurrent bias. */
  readonly hasBias?: boolean;
}

/** Bytes of the packed kernel. */
export function packedBytes(packing: Packing): number {
  return packedRows(packing) * packing.hidden * BYTES_PER_VECTOR;
}

/** The dispatch that packs `recurrent` [H, gates · H], and the bias [gates · H] where there is one, into `packed`. */
export function packDispatch(
  adapter: AdapterTraits,
  packing: Packing,
  recurrent: BufferBinding,
  packed: BufferBinding,
  bias: BufferBinding = recurrent,
): Dispatch {
  const { hidden, gates, order, hasBias = false } = packing;
  const rows = packedRows(packing);
  return {
    label: `recurrent_pack ${order}`,
    source: specialise(source, {
      GATES: gates,
      PER: summandsPerVector(gates),
      TRANSPOSED: order === "backward" ? 1 : 0,
      HAS_BIAS: hasBias ? 1 : 0,
    }),
    entryPoint: "recurrent_pack",
    params: [u32(hidden), u32(summands(packing)), u32(rows)],
    buffers: [recurrent, bias, packed],
    workgroups: foldGrid(Math.ceil((rows * hidden) / THREADS), adapter),
  };
}

/** A vector holds the gates of one summand, or four summands of a single gate. */
function summandsPerVector(gates: number): number {
  return gates === 1 ? 4 : 1;
}

/** The backward sweep of several gates takes its summands one by one; the other loops take four at once. */
function summands({ hidden, gates, order, multiple = order === "backward" && gates > 1 ? 1 : 4 }: Packing): number {
  return roundUp(hidden, multiple);
}

function packedRows(packing: Packing): number {
  return summands(packing) / summandsPerVector(packing.gates) + (packing.hasBias === true ? 1 : 0);
}
