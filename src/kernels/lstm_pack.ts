/** Packing an LSTM's recurrent kernel for its sweeps: one dispatch before the first step. */

import source from "../../shaders/lstm_pack.wgsl?raw" with { type: "text" };
import { type AdapterTraits, type BufferBinding, type Dispatch, foldGrid, u32 } from "../core/kernel_call.ts";
import { specialise } from "./specialise.ts";
import { roundUp } from "./sweep.ts";

const THREADS = 64;
const BYTES_PER_VECTOR = 16;

/** Which sweep the packed kernel is for. */
export type PackOrder = "forward" | "backward";

/** Bytes of the packed kernel of `hidden` units. */
export function packedBytes(hidden: number, order: PackOrder): number {
  return packedRows(hidden, order) * hidden * BYTES_PER_VECTOR;
}

/** The dispatch that packs `recurrent` [H, 4H] into `packed`. */
export function packDispatch(
  adapter: AdapterTraits,
  hidden: number,
  order: PackOrder,
  recurrent: BufferBinding,
  packed: BufferBinding,
): Dispatch {
  const rows = packedRows(hidden, order);
  return {
    label: `lstm_pack ${order}`,
    source: specialise(source, { TRANSPOSED: order === "backward" ? 1 : 0 }),
    entryPoint: "lstm_pack",
    params: [u32(hidden), u32(rows)],
    buffers: [recurrent, packed],
    workgroups: foldGrid(Math.ceil((rows * hidden) / THREADS), adapter),
  };
}

function packedRows(hidden: number, order: PackOrder): number {
  return order === "forward" ? roundUp(hidden, 4) : hidden;
}
