/** The page of `sluice bench --runtime chromium` (or firefox): it measures, and tells whoever opened it. */
import { type BenchJob, type BenchJobEvent, runBenchJob } from "../bench/bench_job.ts";
import type { BenchReport } from "../bench/bench_report.ts";
import { loadOnnx } from "../bench/peers/onnx.ts";
import type { Peer } from "../bench/peers/peer.ts";
import { opener, pageError } from "./page_opener.ts";
import type { PageTelling } from "./run_page_job.ts";
import { thisRuntime } from "./runtime_info.ts";

const { sluiceReport, sluiceDone } = opener();
const stop = new AbortController();

async function send(message: PageTelling<BenchJobEvent, BenchReport>): Promise<void> {
  if ((await sluiceReport(JSON.stringify(message))) === true) stop.abort();
}

async function work(): Promise<PageTelling<BenchJobEvent, BenchReport>> {
  try {
    const given = (await (await fetch("job.json")).json()) as BenchJob;
    const job = { ...given, runtime: thisRuntime() };
    const onEvent = (event: BenchJobEvent) => void send(event);
    const morePeers = job.peers ? await onnx(onEvent) : [];
    const result = await runBenchJob(job, { onEvent, signal: stop.signal, morePeers });
    return { kind: "done", result };
  } catch (error) {
    return stop.signal.aborted ? { kind: "done" } : pageError(error);
  }
}

/** ONNX Runtime needs its WebAssembly files served, which the command line does. */
async function onnx(onEvent: (event: BenchJobEvent) => void): Promise<Peer[]> {
  try {
    return [await loadOnnx(new URL("/ort/", location.href).href)];
  } catch (error) {
    onEvent({ kind: "note", text: `onnxruntime-web is not compared with: ${String(error)}` });
    return [];
  }
}

await send(await work());
await sluiceDone();
