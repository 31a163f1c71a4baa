/** The page behind `--runtime chromium` (or firefox): it trains, and tells whoever opened it. */
import { type PageJob, type PageMessage, packFiles, unpackFiles } from "./page_messages.ts";
import { opener, pageError } from "./page_opener.ts";
import type { JobEvent } from "./training_job.ts";
import { RUNNERS, type TaskName } from "./training_tasks.ts";

/** Messages of progress come no faster than this. */
const PROGRESS_MS = 150;

const { sluiceReport, sluiceDone } = opener();
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
  // The training does not wait for the answer; whether it is to stop is learnt soon enough.
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
