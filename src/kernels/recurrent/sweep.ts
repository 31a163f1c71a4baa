/** How the rows, units and timesteps of a sweep are laid on workgroups and dispatches. */
import { DeviceError } from "../../core/errors.ts";
import type { AdapterTraits } from "../../core/kernel_call.ts";
import type { ShaderFeature } from "../wgsl/shader.ts";

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
