/** The state of the bench, which continues while other views are shown. */
import { batch, signal } from "@preact/signals";
import type { DispatchTime } from "sluice";
import type { BenchJobEvent, BenchPlace, BenchProblem, BenchReport, BenchResult, Roofline } from "sluice/bench";
import type { BenchParams } from "../../messages/bench.ts";
import { dismiss, notifyFailure } from "../../notices.ts";
import { ask, WorkerFailure } from "../../worker_client.ts";

/** A first selection of cases, which takes a minute without a GPU. */
const FIRST_CASES = "matmul 512, matmul 257, lstm B16 T50 H256, gather 5000x32, softmax 65536, optimizer";

/** A line below the table: a case that could not be measured, or a library that is not compared. */
export type Note = { readonly text: string } | { readonly problem: BenchProblem };

/** Words of case names, separated by commas; empty for the default set. */
export const filter = signal(FIRST_CASES);
export const isQuick = signal(true);
export const isRunning = signal(false);
export const status = signal("Ready.");
/** The progress of the measurement, from 0 to 1; undefined if unknown. */
export const share = signal<number | undefined>(0);
export const place = signal<BenchPlace | undefined>(undefined);
export const roof = signal<Roofline | undefined>(undefined);
export const results = signal<readonly BenchResult[]>([]);
export const notes = signal<readonly Note[]>([]);
/** The last completed measurement. */
export const report = signal<BenchReport | undefined>(undefined);
/** A step's dispatches in execution order. */
export const profile = signal<readonly DispatchTime[]>([]);

let control = new AbortController();
let cases = 1;

function hear(event: BenchJobEvent): void {
  switch (event.kind) {
    case "start":
      cases = event.cases;
      place.value = event.place;
      break;
    case "roofline":
      roof.value = event.roofline;
      break;
    case "case":
      status.value = `Measuring ${event.name} …`;
      share.value = event.index / cases;
      break;
    case "result":
      results.value = [...results.value, event.result];
      break;
    case "problem":
      notes.value = [...notes.value, { problem: event.problem }];
      break;
    case "note":
      notes.value = [...notes.value, { text: event.text }];
      break;
  }
}

/** Runs one measurement at a time. */
async function follow(words: string, work: (signal: AbortSignal) => Promise<string>): Promise<void> {
  control = new AbortController();
  dismiss("bench");
  batch(() => {
    isRunning.value = true;
    status.value = words;
    share.value = undefined;
  });
  try {
    status.value = await work(control.signal);
    share.value = 1;
  } catch (error) {
    status.value = error instanceof WorkerFailure && error.cause === "aborted" ? "Stopped." : "Stopped by an error.";
    notifyFailure("bench", error);
    share.value = 0;
  } finally {
    isRunning.value = false;
  }
}

/** Measures the cases that the filter selects, optionally with peers, or a shader. */
export function measure(job: Pick<Partial<BenchParams>, "peers" | "shader"> = {}): Promise<void> {
  batch(() => {
    results.value = [];
    notes.value = [];
    roof.value = undefined;
    report.value = undefined;
  });
  const words = filter.value.trim();
  const params = {
    all: false,
    quick: isQuick.value,
    peers: false,
    defaultLimits: false,
    ...(words !== "" && { filter: words }),
    ...job,
  };
  return follow("Measuring what the adapter can do at most …", async (signal) => {
    const whole = await ask("bench", params, { signal, onEvent: hear });
    report.value = whole;
    return `Done: ${whole.results.length} results.`;
  });
}

/** Profiles a training step. */
export function profileStep(): Promise<void> {
  return follow("Profiling a step …", async (signal) => {
    profile.value = (await ask("profileStep", {}, { signal })).times;
    return "Done: a step was profiled.";
  });
}

export function stop(): void {
  status.value = "Stopping after this sample …";
  control.abort();
}
