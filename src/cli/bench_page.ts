/** The page of `sluice bench --runtime chromium` (or firefox): it measures, and tells whoever opened it. */

import { type BenchJob, type BenchJobEvent, runBenchJob } from "../bench/job.ts";
import type { BenchReport } from "../bench/results.ts";
import { opener, pageError } from "./opener.ts";
import type { PageTelling } from "./page_job.ts";
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
    const result = await runBenchJob(job, { onEvent: (event) => void send(event), signal: stop.signal });
    return { kind: "done", result };
  } catch (error) {
    return stop.signal.aborted ? { kind: "done" } : pageError(error);
  }
}

await send(await work());
await sluiceDone();
