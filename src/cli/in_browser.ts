/** Runs a training in a browser's page: serves the built package to it, and passes on what it tells. */
import { fileURLToPath } from "node:url";
import { SluiceError } from "../core/errors.ts";
import { type BrowserName, runPage } from "./browser.ts";
import type { JobControl } from "./job.ts";
import { type PageJob, type PageMessage, packFiles, unpackFiles } from "./page_messages.ts";
import { type Mounts, serveFiles } from "./static_server.ts";
import type { TaskName, Tasks } from "./tasks.ts";

const HTML = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>sluice</title><link rel="icon" href="data:,"></head>
  <body><script type="module" src="dist/cli/page.js"></script></body>
</html>
`;

/** What a page needs besides its job. */
export interface PagePlace {
  /** The URL of the built command line, beside which the page's code lies. */
  readonly main: string;
  /** More that it may fetch. */
  readonly served: Mounts;
}

/** Runs a task in a page. */
export async function runInBrowser<Name extends TaskName>(
  name: BrowserName,
  task: Name,
  job: Tasks[Name]["job"],
  { main, served }: PagePlace,
  control: JobControl,
): Promise<Tasks[Name]["result"] | undefined> {
  // JSON makes `{}` of the job's own `resume`, a Map: its files go packed.
  const pageJob: PageJob<Name> = { task, job, ...(job.resume && { resume: packFiles(job.resume) }) };
  const server = await serveFiles({
    "/": { body: HTML, type: "text/html; charset=utf-8" },
    "/job.json": { body: JSON.stringify(pageJob), type: "application/json" },
    "/dist/": fileURLToPath(new URL("../", main)),
    ...served,
  });
  let ended: Extract<PageMessage, { readonly kind: "done" | "error" }> | undefined;
  const notes: string[] = [];
  let failure: unknown;
  const take = async (text: string): Promise<boolean> => {
    const message = JSON.parse(text) as PageMessage;
    try {
      if (message.kind === "done" || message.kind === "error") ended = message;
      else if (message.kind === "save") await control.onEvent({ kind: "save", files: unpackFiles(message.files) });
      else await control.onEvent(message);
    } catch (error) {
      failure ??= error;
    }
    return control.signal.aborted || failure !== undefined;
  };
  try {
    await runPage(name, server.url, {
      onMessage: take,
      onConsole: (line) => notes.push(line),
      outlivesInterrupt: true,
    });
  } finally {
    await server.close();
  }
  if (failure !== undefined) throw failure;
  if (ended?.kind === "done") return ended.result;
  if (ended === undefined) throw new Error(`the page in ${name} ended without a word\n${notes.join("\n")}`);
  const { message, name: errorName, stack, isOurs } = ended;
  const error = isOurs ? new SluiceError(message) : new Error(`in ${name}: ${message}`);
  throw Object.assign(error, { name: errorName, ...(stack && { stack }) });
}
