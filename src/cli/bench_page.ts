/**
 * The page of `sluice bench --runtime chromium` (or firefox): measures, and reports to the command line that opened it.
 */
import { type BenchJob, type BenchJobEvent, runBenchJob } from "../bench/bench_job.ts";
import type { BenchReport } from "../bench/bench_report.ts";
import { loadOnnx } from "../bench/peers/onnx.ts";
import type { Peer } from "../bench/peers/peer.ts";
import { commandLineHost, pageError } from "./page_host.ts";
import type { JobMessage } from "./run_page_job.ts";
import { thisRuntime } from "./runtime_info.ts";

const { sluiceReport, sluiceDone } = commandLineHost();
const stop = new AbortController();

async function send(message: JobMessage<BenchJobEvent, BenchReport>): Promise<void> {
  if ((await sluiceReport(JSON.stringify(message))) === true) stop.abort();
}

async function work(): Promise<JobMessage<BenchJobEvent, BenchReport>> {
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

/** Loads ONNX Runtime, whose WebAssembly files the command line serves. */
async function onnx(onEvent: (event: BenchJobEvent) => void): Promise<Peer[]> {
  try {
    return [await loadOnnx(new URL("/ort/", location.href).href)];
  } catch (error) {
    onEvent({ kind: "note", text: `onnxruntime-web is not compared: ${String(error)}` });
    return [];
  }
}

await send(await work());
await sluiceDone();
