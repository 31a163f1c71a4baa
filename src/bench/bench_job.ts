/** The job of `sluice bench`. It runs in Node, Deno and a browser's page, so it uses neither files nor the terminal. */
import {
  checkedLater,
  flag,
  functionLike,
  ifGiven,
  instanceOf,
  readOptions,
  recordOf,
  required,
  signal,
  type TableOf,
  text,
  withDefault,
} from "../core/option_table.ts";
import { requestDevice } from "../index.ts";
import type { BenchPlace, BenchReport } from "./bench_report.ts";
import { selectCases } from "./cases/index.ts";
import { NORMAL, QUICK } from "./harness.ts";
import { loadPeers } from "./peers/index.ts";
import type { Peer } from "./peers/peer.ts";
import { type BenchEvent, runBench } from "./run_bench.ts";
import { type ShaderJob, shaderCase } from "./shader_case.ts";

/** The parameters of the bench, as plain data. */
export interface BenchJob {
  readonly filter?: string | undefined;
  readonly all: boolean;
  readonly quick: boolean;
  readonly peers: boolean;
  /** Stay within WebGPU's default limits. */
  readonly defaultLimits: boolean;
  /** A shader to time instead of the cases. */
  readonly shader?: ShaderJob;
  /** The current runtime and the versions of the compared libraries, for the report. */
  readonly runtime: BenchPlace["runtime"];
  readonly versions: Readonly<Record<string, string>>;
}

/** The events of a bench. */
export type BenchJobEvent = BenchEvent | { readonly kind: "note"; readonly text: string };

/** How to observe and stop a bench, and further peers. */
export interface BenchJobControl {
  /** Called with each event. */
  readonly onEvent: (event: BenchJobEvent) => void;
  readonly signal: AbortSignal;
  /** Additional peers that only this runtime can run. */
  readonly morePeers?: readonly Peer[];
}

const JOB = {
  filter: ifGiven(text),
  all: required(flag),
  quick: required(flag),
  peers: required(flag),
  defaultLimits: required(flag),
  shader: ifGiven(checkedLater<ShaderJob>("a shader")),
  runtime: required(recordOf("runBenchJob: runtime", {})),
  versions: required(recordOf("runBenchJob: versions", {})),
} satisfies TableOf<BenchJob>;

const CONTROL = {
  onEvent: required(functionLike<BenchJobControl["onEvent"]>("(event) => …")),
  signal: required(signal),
  morePeers: withDefault(instanceOf<readonly Peer[]>("a list of peers", Array), []),
} satisfies TableOf<BenchJobControl>;

/**
 * Opens a device and measures.
 * @throws ValueError when a filter matches no case; DeviceError without an adapter; AbortError when stopped.
 */
export async function runBenchJob(job: BenchJob, control: BenchJobControl): Promise<BenchReport> {
  const { filter, all } = readOptions("runBenchJob", JOB, job);
  const { onEvent, signal, morePeers } = readOptions("runBenchJob(job)", CONTROL, control);
  const cases = job.shader === undefined ? selectCases({ filter, all }) : [shaderCase(job.shader)];
  const device = await requestDevice({ defaultLimits: job.defaultLimits });
  const note = (name: string, reason: string) => onEvent({ kind: "note", text: `${name} is not compared: ${reason}` });
  const peers = job.peers ? [...(await loadPeers(note)), ...morePeers] : [];
  try {
    const options = {
      cases,
      peers,
      variants: !job.quick,
      measure: job.quick ? QUICK : NORMAL,
      runtime: job.runtime,
      versions: job.versions,
    };
    return await runBench(device, options, { onEvent, signal });
  } finally {
    for (const peer of peers) peer.dispose();
    device.dispose();
  }
}
