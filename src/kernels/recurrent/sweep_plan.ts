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
} from "../../core/kernel_call.ts";
import { type Constants, type ShaderFeature, specialise } from "../wgsl/specialise.ts";
import { type Packing, packDispatch, packedBytes } from "./recurrent_pack.ts";
import { innerLoop, roundUp, sweepLayout, timeChunks, unrolledWhereItPays } from "./sweep.ts";

/** The packed recurrent kernel, as a binding of a sweep's dispatches. */
export const PACKED = scratchBuffer(0, "read");

/** Bytes bound in place of an output that nobody reads. */
export const UNUSED_BYTES = 16;

/** The `index`-th buffer (from 0) of a plan's own `scratch`. */
export function ownScratch(index: number, access: "read" | "read_write" = "read_write"): BufferBinding {
  return scratchBuffer(1 + index, access);
}

/** Rows that a sweep's dispatches go over. */
export interface SweepRun {
  /** Names the dispatches; the kernel's name when absent. */
  readonly label?: string;
  readonly rows: number;
  /** Of the shader, beside those that the plan gives: HIDDEN, THREADS, UNITS, ROWS, BUFFERS and what the inner loop takes at once. */
  readonly constants: Constants;
  readonly buffers: readonly BufferBinding[];
}

/** The fewest units that one thread holds on software adapters. */
export interface MinUnits {
  readonly withSubgroups: number;
  readonly without: number;
}

/** What a sweep's plan depends on. */
export interface SweepPlan {
  /** Names dispatches and errors. */
  readonly kernel: string;
  readonly entryPoint: string;
  readonly source: string;
  readonly batch: number;
  readonly steps: number;
  readonly packing: Omit<Packing, "multiple">;
  readonly recurrent: BufferBinding;
  readonly bias?: BufferBinding | undefined;
  /** The most rows of a workgroup on software adapters, 16 when absent, and the fewest, 4 when absent. */
  readonly maxRows?: number;
  readonly minRows?: number;
  readonly minUnits: MinUnits;
  /** Bytes of workgroup memory for one row of the batch, with so many threads. */
  readonly bytesPerRow: (threads: number) => number;
  /** After batch, steps, start and end. */
  readonly params: readonly Param[];
  /** One after another. */
  readonly runs: readonly SweepRun[];
  /** Bytes of scratch buffers that the runs bind by `ownScratch`. */
  readonly scratch?: readonly number[];
}

/** Plans a sweep. @throws DeviceError when four rows do not fit into the adapter's workgroup memory. */
export function planSweep(adapter: AdapterTraits, sweep: SweepPlan): KernelPlan {
  const packing: Packing = { ...sweep.packing, multiple: summandsAtOnce(adapter, sweep.packing) };
  const scratch = [packedBytes(packing), ...(sweep.scratch ?? [])];
  const isShared = sharesByBuffer(adapter, sweep);
  let sharedBytes = 0;
  const dispatches = sweep.runs.flatMap((run) => {
    const planned = planRun(adapter, sweep, packing, run);
    sharedBytes = Math.max(sharedBytes, planned.sharedBytes);
    const shared = scratchBuffer(scratch.length, "read_write");
    return planned.dispatches.map((each) => (isShared ? { ...each, buffers: [...each.buffers, shared] } : each));
  });
  return {
    dispatches: [
      packDispatch(adapter, packing, sweep.recurrent, scratchBuffer(0, "read_write"), sweep.bias),
      ...dispatches,
    ],
    scratch: isShared ? [...scratch, sharedBytes] : scratch,
  };
}

/** The dispatches of a run, and what all its workgroups' shared rows take. */
function planRun(
  adapter: AdapterTraits,
  sweep: SweepPlan,
  packing: Packing,
  run: SweepRun,
): { readonly dispatches: readonly Dispatch[]; readonly sharedBytes: number } {
  const { kernel, batch, steps } = sweep;
  const { hidden, gates, order } = packing;
  const inner = innerLoop(adapter);
  const isGpu = adapter.kind === "gpu";
  const layout = sweepLayout(kernel, adapter, {
    batch: run.rows,
    hidden,
    maxRows: isGpu ? 4 : (sweep.maxRows ?? 16),
    ...(sweep.minRows !== undefined && { minRows: sweep.minRows }),
    minUnits: isGpu ? 1 : inner.lanes > 1 ? sweep.minUnits.withSubgroups : sweep.minUnits.without,
    bytesPerRow: sweep.bytesPerRow,
  });
  const bytes = layout.rows * sweep.bytesPerRow(layout.threads);
  // A forward sweep that holds h twice needs one barrier less per step.
  const copies = order === "forward" && 2 * bytes <= adapter.limits.maxComputeWorkgroupStorageSize ? 2 : 1;
  const atOnce = packing.multiple as number;
  const constants = {
    ...(isByUnit(packing) ? { LANES: atOnce } : { STEP_QUADS: atOnce / 4 }),
    ...(order === "forward" && { BUFFERS: copies }),
    HIDDEN: hidden,
    THREADS: layout.threads,
    UNITS: layout.units,
    ROWS: layout.rows,
    ...run.constants,
  };
  const features: ShaderFeature[] = sharesByBuffer(adapter, sweep)
    ? [...inner.features, "scratch"]
    : [...inner.features];
  const source = specialise(unrolledWhereItPays(sweep.source, adapter), constants, features);
  const chunks = timeChunks(adapter, steps, layout, gates * hidden * hidden);
  if (order === "backward") chunks.reverse();
  const dispatches = chunks.map(
    ([start, end], index): Dispatch => ({
      label: run.label ?? kernel,
      source,
      entryPoint: sweep.entryPoint,
      params: [u32(batch), u32(steps), u32(start), u32(end), ...sweep.params],
      buffers: run.buffers,
      workgroups: foldGrid(layout.workgroups, adapter),
      isExtraChunk: index > 0,
    }),
  );
  return { dispatches, sharedBytes: layout.workgroups * copies * bytes };
}

/** Whether workgroups share their rows by a buffer, the last one, instead of workgroup memory: see the head of sweep_forward.wgsl. */
function sharesByBuffer({ kind, limits }: AdapterTraits, { runs }: SweepPlan): boolean {
  const most = Math.max(...runs.map(({ buffers }) => buffers.length));
  return kind === "swiftshader" && most < limits.maxStorageBuffersPerShaderStage;
}

/** The backward sweep of several gates takes its summands unit by unit; the other loops take four at once. */
function isByUnit({ gates, order }: Omit<Packing, "multiple">): boolean {
  return order === "backward" && gates > 1;
}

/** The summands that a sweep's inner loop takes at once: with subgroups, as many as they have lanes. */
function summandsAtOnce(adapter: AdapterTraits, packing: Omit<Packing, "multiple">): number {
  return Math.max(innerLoop(adapter).lanes, isByUnit(packing) ? 1 : 4);
}

/** Bytes of a row of h in workgroup memory, once. */
export function hiddenRowBytes(adapter: AdapterTraits, hidden: number): number {
  return roundUp(hidden, Math.max(4, innerLoop(adapter).lanes)) * 4;
}
