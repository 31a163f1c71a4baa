/** `sluice bench`: runs the bench where it was asked to, prints a table as it goes, and keeps the results. */
import { selectCases } from "../bench/cases/index.ts";
import { NORMAL, QUICK } from "../bench/harness.ts";
import { loadPeers } from "../bench/peers/index.ts";
import { placeLine, problemRow, rooflineLine, tableHead, tableRow } from "../bench/report.ts";
import type { BenchReport } from "../bench/results.ts";
import { type BenchEvent, runBench } from "../bench/run.ts";
import { requestDevice } from "../index.ts";
import { openFileSystem } from "../platform/file_system.ts";
import type { BenchArguments } from "./bench_arguments.ts";
import { INTERRUPTED, onInterrupt } from "./interrupt.ts";
import { checkFile } from "./outputs.ts";
import { versionsOf } from "./record.ts";
import { encodeJson } from "./run_file.ts";
import { thisRuntime } from "./runtime_info.ts";

/**
 * Measures as told.
 * @returns the exit status: 0, 1 where a case could not be measured, or that of an interrupted program
 * @throws SluiceError for whatever the user can mend
 */
export async function benchCommand(told: BenchArguments): Promise<number> {
  if (told.json !== undefined) await checkFile("--json", told.json);
  const interrupt = onInterrupt(() => console.log("Stopping after this sample. Press Ctrl-C again to leave at once."));
  try {
    const report = await run(told, interrupt.signal);
    if (told.json !== undefined) {
      await (await openFileSystem()).writeFileAtomic(told.json, encodeJson(report));
      console.log(`\nWritten to ${told.json}`);
    }
    return report.problems.some(({ library }) => library === "sluice") ? 1 : 0;
  } catch (error) {
    if (interrupt.signal.aborted) return INTERRUPTED;
    throw error;
  } finally {
    interrupt.release();
  }
}

async function run(told: BenchArguments, signal: AbortSignal): Promise<BenchReport> {
  // Brings WebGPU to Node; Deno, in which this same code runs, has its own.
  await import("../node.ts");
  const runtime = thisRuntime();
  const device = await requestDevice();
  const peers = told.peers
    ? await loadPeers((name, reason) => console.log(`${name} is not compared with: ${reason}`))
    : [];
  try {
    return await runBench(
      device,
      {
        cases: selectCases(told),
        peers,
        variants: !told.quick,
        measure: told.quick ? QUICK : NORMAL,
        runtime,
        versions: versionsOf(runtime.name),
      },
      { onEvent: print, signal },
    );
  } finally {
    for (const peer of peers) peer.dispose();
    device.dispose();
  }
}

/** Prints what the bench tells. */
function print(event: BenchEvent): void {
  if (event.kind === "start") console.log(placeLine(event.place));
  else if (event.kind === "roofline") console.log(`${rooflineLine(event.roofline)}\n\n${tableHead()}`);
  else if (event.kind === "result") console.log(tableRow(event.result));
  else if (event.kind === "problem") console.log(problemRow(event.problem));
}
