/** How a sweep is carried out: the recurrent kernel packed once, then the shader over chunks of time. */
import {
  type AdapterTraits,
  type BufferBinding,
  type Dispatch,
  foldGrid,
  type KernelPlan,
  type Param,
  scratchBuffer,
  u32,
} from "../core/kernel_call.ts";
import { type Packing, packDispatch, packedBytes } from "./recurrent_pack.ts";
import { type Constants, specialise } from "./specialise.ts";
import { innerLoop, roundUp, type SweepLayout, sweepLayout, timeChunks, unrolledWhereItPays } from "./sweep.ts";

/** The packed recurrent kernel, as a binding of a sweep's dispatches. */
export const PACKED = scratchBuffer(0, "read");

/** Bytes bound in place of an output that nobody reads. */
const UNUSED_BYTES = 16;

/** A binding for the `index`-th output (from 0) that nobody reads. */
export function unusedOutput(index: number): BufferBinding {
  return scratchBuffer(1 + index, "read_write");
}

/** What a sweep's plan depends on. */
export interface SweepPlan {
  /** The shader's entry point; names the dispatches and errors too. */
  readonly kernel: string;
  readonly source: string;
  readonly batch: number;
  readonly steps: number;
  readonly packing: Omit<Packing, "multiple">;
  readonly recurrent: BufferBinding;
  readonly bias?: BufferBinding | undefined;
  /** The fewest units that one thread holds on software adapters, with subgroups and without. */
  readonly minUnits: { readonly withSubgroups: number; readonly without: number };
  /** Bytes of workgroup memory for one row of the batch, with so many threads. */
  readonly bytesPerRow: (threads: number) => number;
  /** Of the shader, beside HIDDEN, THREADS, UNITS and ROWS. */
  readonly constants: (layout: SweepLayout) => Constants;
  /** After batch, steps, start and end. */
  readonly params: readonly Param[];
  readonly buffers: readonly BufferBinding[];
  /** How many outputs nobody reads. */
  readonly unused: number;
}

/** Plans a sweep. @throws DeviceError when four rows do not fit into the adapter's workgroup memory. */
export function planSweep(adapter: AdapterTraits, sweep: SweepPlan): KernelPlan {
  const { kernel, batch, steps } = sweep;
  const inner = innerLoop(adapter);
  const packing: Packing = { ...sweep.packing, multiple: summandsAtOnce(adapter, sweep.packing) };
  const { hidden, gates, order } = packing;
  const isGpu = adapter.kind === "gpu";
  const layout = sweepLayout(kernel, adapter, {
    batch,
    hidden,
    maxRows: isGpu ? 4 : 16,
    minUnits: isGpu ? 1 : inner.lanes > 1 ? sweep.minUnits.withSubgroups : sweep.minUnits.without,
    bytesPerRow: sweep.bytesPerRow,
  });
  const atOnce = packing.multiple as number;
  const constants = {
    ...(isByUnit(packing) ? { LANES: atOnce } : { STEP_QUADS: atOnce / 4 }),
    HIDDEN: hidden,
    THREADS: layout.threads,
    UNITS: layout.units,
    ROWS: layout.rows,
    ...sweep.constants(layout),
  };
  const source = specialise(unrolledWhereItPays(sweep.source, adapter), constants, inner.features);
  const chunks = timeChunks(adapter, steps, layout, gates * hidden * hidden);
  if (order === "backward") chunks.reverse();
  const sweeps = chunks.map(
    ([start, end], index): Dispatch => ({
      label: kernel,
      source,
      entryPoint: kernel,
      params: [u32(batch), u32(steps), u32(start), u32(end), ...sweep.params],
      buffers: sweep.buffers,
      workgroups: foldGrid(layout.workgroups, adapter),
      isExtraChunk: index > 0,
    }),
  );
  return {
    dispatches: [
      packDispatch(adapter, packing, sweep.recurrent, scratchBuffer(0, "read_write"), sweep.bias),
      ...sweeps,
    ],
    scratch: [packedBytes(packing), ...Array.from({ length: sweep.unused }, () => UNUSED_BYTES)],
  };
}

/** The backward sweep of several gates takes its summands unit by unit; the other loops take four at once. */
function isByUnit({ gates, order }: Omit<Packing, "multiple">): boolean {
  return order === "backward" && gates > 1;
}

/** The summands that a sweep's inner loop takes at once: with subgroups, as many as they have lanes. */
function summandsAtOnce(adapter: AdapterTraits, packing: Omit<Packing, "multiple">): number {
  return Math.max(innerLoop(adapter).lanes, isByUnit(packing) ? 1 : 4);
}

/** Bytes of a row of h in workgroup memory, once, and how often the forward sweeps hold it (twice: one barrier less per step). */
export function hiddenBuffers(
  adapter: AdapterTraits,
  hidden: number,
): { readonly bytesPerRow: number; readonly count: (rows: number) => 1 | 2 } {
  const bytesPerRow = roundUp(hidden, Math.max(4, innerLoop(adapter).lanes)) * 4;
  const limit = adapter.limits.maxComputeWorkgroupStorageSize;
  return { bytesPerRow, count: (rows) => (2 * rows * bytesPerRow <= limit ? 2 : 1) };
}
