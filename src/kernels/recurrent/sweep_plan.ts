/** How a sweep is carried out: the recurrent kernel packed once, then the shader over chunks of time. */
import activations from "../../../shaders/elementwise/activations.wgsl?raw" with { type: "text" };
import common from "../../../shaders/recurrent/sweep_common.wgsl?raw" with { type: "text" };
import {
  type AdapterTraits,
  type Dispatch,
  foldGrid,
  type KernelPlan,
  type Scratch,
  type Tensor,
} from "../../core/kernel_call.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import type { ShaderFile } from "../wgsl/parsed.ts";
import { type Constants, Shader, type ShaderFeature } from "../wgsl/shader.ts";
import { type Packing, type PackReads, packDispatch, packedBytes } from "./recurrent_pack.ts";
import { innerLoop, roundUp, sweepLayout, timeChunks } from "./sweep.ts";

/** A sweep's shader: its own files, which rows and steps a workgroup takes, and the activations. */
export const sweepShader = (files: Readonly<Record<string, ShaderFile>>): Shader =>
  Shader.of({ ...files, sweep_common: common, activations });

/** Rows that a sweep's dispatches go over. */
export interface SweepRun {
  /** Names the dispatches; the kernel's name when absent. */
  readonly label?: string;
  readonly rows: number;
  /**
   * Of the shader, beside those that the plan gives: HIDDEN, THREADS, UNITS, ROWS, BUFFERS and what the inner loop
   * takes at once.
   */
  readonly constants?: Constants;
  /** Beside `packed` and `shared_rows`, which the plan gives. */
  readonly buffers: Readonly<Record<string, Tensor | undefined>>;
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
  readonly shader: Shader;
  readonly entryPoint: string;
  readonly batch: number;
  readonly steps: number;
  readonly packing: Pick<Packing, "hidden" | "gates" | "order">;
  /** Are packed before the first step. */
  readonly weights: PackReads;
  /** The most rows of a workgroup on software adapters, 16 when absent, and the fewest, 4 when absent. */
  readonly maxRows?: number;
  readonly minRows?: number;
  readonly minUnits: MinUnits;
  /** Bytes of workgroup memory for one row of the batch, with so many threads. */
  readonly bytesPerRow: (threads: number) => number;
  /** Beside batch, steps, start and end. */
  readonly params?: Readonly<Record<string, number>>;
  /** One after another. */
  readonly runs: readonly SweepRun[];
}

/** Plans a sweep. @throws DeviceError when four rows do not fit into the adapter's workgroup memory. */
export function planSweep(adapter: AdapterTraits, sweep: SweepPlan): KernelPlan {
  const { weights } = sweep;
  const packing: Packing = {
    ...sweep.packing,
    multiple: summandsAtOnce(adapter, sweep.packing),
    rowsBehind: Number(weights.bias !== undefined) + Number(weights.unitWeights !== undefined),
  };
  const packed: Scratch = { bytes: packedBytes(packing) };
  return {
    dispatches: [
      packDispatch(adapter, packing, weights, packed),
      ...sweep.runs.flatMap((run) => planRun(adapter, sweep, packing, packed, run)),
    ],
  };
}

function planRun(
  adapter: AdapterTraits,
  sweep: SweepPlan,
  packing: Packing,
  packed: Scratch,
  run: SweepRun,
): readonly Dispatch[] {
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
  const shared: Scratch | undefined = sharesByBuffer(adapter, run)
    ? { bytes: layout.workgroups * copies * bytes }
    : undefined;
  const features: ShaderFeature[] = [
    ...inner.features,
    ...(shared === undefined ? [] : (["scratch"] as const)),
    // On software adapters unrolled loops over rows gain nothing, and lavapipe's compiler takes seconds for them,
    // SwiftShader's a tenth of one.
    ...(isGpu ? (["unrolled_rows"] as const) : []),
  ];
  const shader = sweep.shader
    .constants({
      ...(isByUnit(packing) ? { LANES: packing.multiple } : { STEP_QUADS: packing.multiple / 4 }),
      ...(order === "forward" && { BUFFERS: copies }),
      HIDDEN: hidden,
      THREADS: layout.threads,
      UNITS: layout.units,
      ROWS: layout.rows,
      ...run.constants,
    })
    .features(features);
  const chunks = timeChunks(adapter, steps, layout, gates * hidden * hidden);
  if (order === "backward") chunks.reverse();
  return chunks.map(([start, end], index) =>
    dispatch({
      label: run.label ?? kernel,
      shader,
      entryPoint: sweep.entryPoint,
      params: { batch, steps, start, end, ...sweep.params },
      buffers: { packed, ...(shared && { shared_rows: shared }), ...run.buffers },
      workgroups: foldGrid(layout.workgroups, adapter),
      isExtraChunk: index > 0,
    }),
  );
}

/**
 * Whether workgroups share their rows by a buffer instead of workgroup memory: on SwiftShader, where one more than the
 * run's own and `packed` may be bound. See the head of sweep_forward.wgsl.
 */
function sharesByBuffer({ kind, limits }: AdapterTraits, { buffers }: SweepRun): boolean {
  const bound = 1 + Object.values(buffers).filter((tensor) => tensor !== undefined).length;
  return kind === "swiftshader" && bound < limits.maxStorageBuffersPerShaderStage;
}

/** The backward sweep of several gates takes its summands unit by unit; the other loops take four at once. */
function isByUnit({ gates, order }: SweepPlan["packing"]): boolean {
  return order === "backward" && gates > 1;
}

/** The summands that a sweep's inner loop takes at once: with subgroups, as many as they have lanes. */
function summandsAtOnce(adapter: AdapterTraits, packing: SweepPlan["packing"]): number {
  return Math.max(innerLoop(adapter).lanes, isByUnit(packing) ? 1 : 4);
}

/** Bytes of a row of h in workgroup memory, once. */
export function hiddenRowBytes(adapter: AdapterTraits, hidden: number): number {
  return roundUp(hidden, Math.max(4, innerLoop(adapter).lanes)) * 4;
}
