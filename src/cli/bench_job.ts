/** The bench that `sluice bench` runs, the same in Node, Deno and a browser's page: it touches no file and no terminal. */
import { selectCases } from "../bench/cases/index.ts";
import { NORMAL, QUICK } from "../bench/harness.ts";
import { loadPeers } from "../bench/peers/index.ts";
import type { Peer } from "../bench/peers/peer.ts";
import type { BenchReport } from "../bench/results.ts";
import { type BenchEvent, runBench } from "../bench/run.ts";
import { type ShaderJob, shaderCase } from "../bench/shader.ts";
import { requestDevice } from "../index.ts";
import { thisRuntime } from "./runtime_info.ts";

/** What to measure, as plain data. */
export interface BenchJob {
  readonly filter?: string;
  readonly all: boolean;
  readonly quick: boolean;
  readonly peers: boolean;
  /** A shader to time instead of the cases. */
  readonly shader?: ShaderJob;
  readonly versions: Readonly<Record<string, string>>;
}

/** What a bench tells on its way. */
export type BenchJobEvent = BenchEvent | { readonly kind: "note"; readonly text: string };

/** How a bench is watched and stopped, and what else it compares with. */
export interface BenchJobControl {
  readonly onEvent: (event: BenchJobEvent) => void;
  readonly signal: AbortSignal;
  /** Peers that only this runtime can reach. */
  readonly morePeers?: readonly Peer[];
}

/**
 * Opens the adapter and measures.
 * @throws ValueError when a filter fits no case; DeviceError without an adapter; AbortError when stopped.
 */
export async function runBenchJob(job: BenchJob, control: BenchJobControl): Promise<BenchReport> {
  const { onEvent, signal, morePeers = [] } = control;
  const cases = job.shader === undefined ? selectCases(job) : [shaderCase(job.shader)];
  const device = await requestDevice();
  const note = (name: string, reason: string) =>
    onEvent({ kind: "note", text: `${name} is not compared with: ${reason}` });
  const peers = job.peers ? [...(await loadPeers(note)), ...morePeers] : [];
  try {
    const options = {
      cases,
      peers,
      variants: !job.quick,
      measure: job.quick ? QUICK : NORMAL,
      runtime: thisRuntime(),
      versions: job.versions,
    };
    return await runBench(device, options, { onEvent, signal });
  } finally {
    for (const peer of peers) peer.dispose();
    device.dispose();
  }
}
