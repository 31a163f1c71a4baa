/** `sluice bench`: runs the bench in the chosen runtime, prints a table as results arrive, and writes them as JSON. */
import { type BenchJob, type BenchJobControl, type BenchJobEvent, runBenchJob } from "../bench/bench_job.ts";
import type { BenchReport } from "../bench/bench_report.ts";
import { selectCases } from "../bench/cases/index.ts";
import { assertComparable, compareReports, readReport } from "../bench/compare_reports.ts";
import type { Peer } from "../bench/peers/peer.ts";
import { comparisonLines, placeLine, problemRow, rooflineLine, tableHead, tableRow } from "../bench/report_text.ts";
import type { ShaderJob } from "../bench/shader_case.ts";
import { DeviceError } from "../core/errors.ts";
import { openFileSystem } from "../platform/file_system.ts";
import type { BenchArguments, ShaderArguments } from "./bench_arguments.ts";
import { INTERRUPTED, onInterrupt } from "./interrupt.ts";
import type { BrowserName } from "./launch_browser.ts";
import { checkFile } from "./path_checks.ts";
import { bundlePeers } from "./peer_bundle.ts";
import { printLine } from "./print.ts";
import { provideWebGpu } from "./provide_webgpu.ts";
import { encodeJson } from "./run_directory.ts";
import { runPageJob } from "./run_page_job.ts";
import { thisRuntime } from "./runtime_info.ts";
import { loadTorch } from "./torch_peer.ts";
import { versionsOf } from "./training_report.ts";

/**
 * Runs `sluice bench`.
 * @param main the URL of the built command line
 * @returns the exit status: 0, 1 if a case could not be measured, or that of an interrupted program
 * @throws SluiceError for every error that the user can fix
 */
export async function benchCommand(args: BenchArguments, main: string): Promise<number> {
  if (args.json !== undefined) await checkFile("--json", args.json);
  const interrupt = onInterrupt(() => printLine("Stopping after this sample. Press Ctrl-C again to exit immediately."));
  try {
    const before = args.compare === undefined ? undefined : readReport(await readText(args.compare), args.compare);
    const onEvent = (event: BenchJobEvent) => {
      if (event.kind === "start" && before !== undefined && !args.anyAdapter) {
        assertComparable(before.place, event.place);
      }
      print(event);
    };
    const report = await run(args, main, { onEvent, signal: interrupt.signal });
    if (report === undefined) return INTERRUPTED;
    if (before !== undefined) {
      const lines = comparisonLines(compareReports(before, report));
      printLine(`\nSince ${args.compare}:\n${lines.join("\n")}`);
    }
    if (args.json !== undefined) {
      await (await openFileSystem()).writeFileAtomic(args.json, encodeJson(report));
      printLine(`\nWritten to ${args.json}`);
    }
    return report.problems.some(({ library }) => library === "sluice") ? 1 : 0;
  } catch (error) {
    if (interrupt.signal.aborted) return INTERRUPTED;
    throw error;
  } finally {
    interrupt.release();
  }
}

async function run(args: BenchArguments, main: string, control: BenchJobControl): Promise<BenchReport | undefined> {
  const { filter, all, quick, peers, defaultLimits, runtime } = args;
  const job: BenchJob = {
    ...{ all, quick, peers, defaultLimits, runtime: thisRuntime(), versions: versionsOf(runtime) },
    ...(filter !== undefined && { filter }),
    ...(args.shader && { shader: await shaderOf(args.shader) }),
  };
  if (runtime === "chromium" || runtime === "firefox") return runInBrowser(runtime, job, main, control);
  // This code also runs in Deno, which has its own WebGPU.
  await provideWebGpu();
  return runBenchJob(job, { ...control, morePeers: peers ? await torch(control) : [] });
}

/** PyTorch runs in a separate process, which only Node and Deno can start. */
async function torch({ onEvent }: BenchJobControl): Promise<Peer[]> {
  try {
    return [await loadTorch()];
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    onEvent({ kind: "note", text: `PyTorch is not compared: ${error.message}` });
    return [];
  }
}

async function runInBrowser(
  browser: BrowserName,
  job: BenchJob,
  main: string,
  { onEvent, signal }: BenchJobControl,
): Promise<BenchReport | undefined> {
  // Report a filter that matches nothing before a browser starts.
  if (job.shader === undefined) selectCases(job);
  const bundle = job.peers ? await bundlePeers(main) : undefined;
  try {
    return await runPageJob<BenchJobEvent, BenchReport>({
      ...{ browser, script: "cli/bench_page.js", main, job, onMessage: onEvent, signal },
      ...(bundle && { mounts: bundle.mounts, imports: bundle.imports }),
    });
  } finally {
    await bundle?.dispose();
  }
}

async function shaderOf({ file, entryPoint, buffers, workgroups, work }: ShaderArguments): Promise<ShaderJob> {
  const source = await readText(file);
  return { name: file, source, buffers, workgroups, work, ...(entryPoint !== undefined && { entryPoint }) };
}

/** The longest report or shader that is read. */
const MAX_INPUT_BYTES = 2 ** 26;

async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await (await openFileSystem()).readFile(path, { maxBytes: MAX_INPUT_BYTES }));
}

/** Prints an event of the bench. */
function print(event: BenchJobEvent): void {
  if (event.kind === "start") printLine(placeLine(event.place));
  else if (event.kind === "roofline") printLine(`${rooflineLine(event.roofline)}\n\n${tableHead()}`);
  else if (event.kind === "note") printLine(event.text);
  else if (event.kind === "result") printLine(tableRow(event.result));
  else if (event.kind === "problem") printLine(problemRow(event.problem));
}
