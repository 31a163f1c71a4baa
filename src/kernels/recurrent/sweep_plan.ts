/**
 * How a sweep is carried out: the recurrent kernel is packed once, then the shader runs over chunks of time, with the
 * batch's rows and the layer's units laid on workgroups.
 */
import activations from "../../../shaders/elementwise/activations.wgsl?raw" with { type: "text" };
import recurrent_pack from "../../../shaders/recurrent/recurrent_pack.wgsl?raw" with { type: "text" };
import common from "../../../shaders/recurrent/sweep_common.wgsl?raw" with { type: "text" };
import { DeviceError } from "../../core/errors.ts";
import {
  type AdapterTraits,
  type Dispatch,
  foldGrid,
  type KernelPlan,
  type Operand,
  type Scratch,
  type Tensor,
} from "../../core/kernel_call.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import type { ShaderFile } from "../wgsl/parsed.ts";
import { type Constants, Shader, type ShaderFeature } from "../wgsl/shader.ts";

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

/** Rows of a batch that share one vec4 in the sweeps' workgroup memory. */
const ROWS_PER_QUAD = 4;

/** How a sweep lies on workgroups. */
export interface SweepLayout {
  readonly rows: number;
  readonly threads: number;
  readonly units: number;
  readonly workgroups: number;
}

/**
 * Lays `batch` rows of `hidden` units on workgroups of at most `maxRows` rows, where one thread holds at least
 * `minUnits` units and a workgroup's memory takes `bytesPerRow(threads)` bytes per row.
 *
 * Software adapters take many rows per workgroup, so that a weight that was read serves many of them, in an even number
 * of workgroups for an even number of cores. GPUs take four, for as many workgroups as possible.
 *
 * @throws DeviceError when four rows do not fit into the adapter's workgroup memory.
 */
export function sweepLayout(
  what: string,
  adapter: AdapterTraits,
  {
    batch,
    hidden,
    maxRows,
    minRows = ROWS_PER_QUAD,
    minUnits,
    bytesPerRow,
  }: {
    readonly batch: number;
    readonly hidden: number;
    readonly maxRows: number;
    /** Of a software adapter's workgroup, where there is the memory for so many. */
    readonly minRows?: number;
    readonly minUnits: number;
    readonly bytesPerRow: (threads: number) => number;
  },
): SweepLayout {
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX, maxComputeWorkgroupStorageSize } =
    adapter.limits;
  const lanes = adapter.kind === "lavapipe" ? 8 : adapter.kind === "swiftshader" ? 4 : 32;
  const limit = Math.min(maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX);
  const units = Math.max(minUnits, Math.ceil(hidden / limit));
  const threads = Math.min(limit, roundUp(Math.ceil(hidden / units), lanes));
  const fitting = Math.floor(maxComputeWorkgroupStorageSize / bytesPerRow(threads));
  const most = Math.min(maxRows, Math.floor(fitting / ROWS_PER_QUAD) * ROWS_PER_QUAD);
  if (most < ROWS_PER_QUAD) {
    throw new DeviceError(
      `${what}: ${hidden} units need ${ROWS_PER_QUAD * bytesPerRow(threads)} bytes of workgroup memory; ` +
        `the adapter's maxComputeWorkgroupStorageSize is ${maxComputeWorkgroupStorageSize}: take fewer units`,
      { hidden, limit: "maxComputeWorkgroupStorageSize", value: maxComputeWorkgroupStorageSize },
    );
  }
  const groups = adapter.kind === "gpu" ? 1 : 2 * Math.ceil(batch / (2 * most));
  const wanted = Math.max(minRows, roundUp(Math.ceil(batch / groups), ROWS_PER_QUAD));
  const rows = adapter.kind === "gpu" ? most : Math.min(most, wanted);
  return { rows, threads, units, workgroups: Math.ceil(batch / rows) };
}

/** Workgroups below which an adapter is taken to be partly idle, so that a dispatch takes no less time. */
const WORKGROUPS_OF_A_BUSY_ADAPTER = { lavapipe: 2, swiftshader: 2, gpu: 4 } as const;

/** Cuts `steps` into chunks `[start, end)` that each stay within the adapter's `dispatchSeconds`, as estimated. */
export function timeChunks(
  adapter: AdapterTraits,
  steps: number,
  { rows, workgroups }: SweepLayout,
  multiplyAddsPerRow: number,
): (readonly [number, number])[] {
  const busy = Math.max(workgroups, WORKGROUPS_OF_A_BUSY_ADAPTER[adapter.kind]);
  const secondsPerStep = (busy * rows * multiplyAddsPerRow) / adapter.multiplyAddsPerSecond;
  const longest = Math.max(1, Math.floor(adapter.dispatchSeconds / secondsPerStep));
  const count = Math.ceil(steps / longest);
  const length = Math.ceil(steps / count);
  return Array.from({ length: Math.ceil(steps / length) }, (_, index) => [
    index * length,
    Math.min(steps, (index + 1) * length),
  ]);
}

/** `value` rounded up to a multiple of `step`. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Shader features that a sweep's inner loop uses, and the lanes of a subgroup there (1 without subgroups). */
export interface InnerLoop {
  readonly features: readonly ShaderFeature[];
  readonly lanes: number;
}

/** Broadcasts within subgroups on software adapters whose subgroups are of four or eight lanes. */
export function innerLoop({ kind, subgroupSize }: AdapterTraits): InnerLoop {
  const usesSubgroups = kind !== "gpu" && (subgroupSize === 4 || subgroupSize === 8);
  return usesSubgroups ? { features: ["subgroups"], lanes: subgroupSize } : { features: [], lanes: 1 };
}

const packShader = Shader.of({ recurrent_pack });

/** Invocations of a workgroup of recurrent_pack.wgsl, as in the shader. */
const PACK_THREADS = 64;
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
    shader: packShader.constants({
      GATES: gates,
      PER: summandsPerVector(gates),
      TRANSPOSED: order === "backward" ? 1 : 0,
      UNIT_WEIGHTS: unitWeights?.shape[0] ?? 0,
    }),
    entryPoint: "recurrent_pack",
    params: { hidden, summands: summands(packing), rows },
    buffers: { recurrent, bias, unit_weights: unitWeights, packed },
    workgroups: foldGrid(Math.ceil((rows * hidden) / PACK_THREADS), adapter),
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
