/** The page behind `--runtime chromium` (or firefox): trains, and reports to the command line that opened it. */

import { commandLineHost, pageError } from "./page_host.ts";
import { type PageJob, type PageMessage, packFiles, unpackFiles } from "./page_messages.ts";
import type { JobEvent } from "./training_job.ts";
import { RUNNERS, type TaskName } from "./training_tasks.ts";

/** The shortest interval between progress messages. */
const PROGRESS_MS = 150;

const { sluiceReport, sluiceDone } = commandLineHost();
const stop = new AbortController();
let lastProgress = 0;

async function send(message: PageMessage): Promise<void> {
  if ((await sluiceReport(JSON.stringify(message))) === true) stop.abort();
}

function onEvent(event: JobEvent): void | Promise<void> {
  if (event.kind === "save") return send({ kind: "save", files: packFiles(event.files) });
  const isFrequent = event.kind === "loading" || (event.kind === "progress" && event.progress.ended === undefined);
  if (!isFrequent) return send(event);
  if (performance.now() - lastProgress < PROGRESS_MS) return;
  lastProgress = performance.now();
  // Training does not wait for the answer; it may stop a few steps later.
  void send(event);
}

function run<Name extends TaskName>({ task, job, resume }: PageJob<Name>) {
  const whole = { ...job, ...(resume && { resume: unpackFiles(resume) }) };
  return RUNNERS[task](whole, { onEvent, signal: stop.signal });
}

async function work(): Promise<PageMessage> {
  try {
    const result = await run((await (await fetch("job.json")).json()) as PageJob<TaskName>);
    return { kind: "done", ...(result && { result }) };
  } catch (error) {
    return pageError(error);
  }
}

await send(await work());
await sluiceDone();
