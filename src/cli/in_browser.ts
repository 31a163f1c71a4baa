/** Runs a training in a browser's page: serves the built package to it, and passes on what it tells. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SluiceError } from "../core/errors.ts";
import { type BrowserName, runPage } from "./browser.ts";
import type { JobControl, TrainJob, TrainResult } from "./job.ts";
import { type PageJob, type PageMessage, packFiles, unpackFiles } from "./page_messages.ts";
import { serveFiles } from "./static_server.ts";

const ARCHIVE = "archive.tar.gz";
const HTML = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>sluice train</title><link rel="icon" href="data:,"></head>
  <body><script type="module" src="dist/cli/page.js"></script></body>
</html>
`;

/** As `runTraining`, in a page. `main` is the URL of the built command line, beside which the page's code lies. */
export async function trainInBrowser(
  name: BrowserName,
  job: TrainJob,
  main: string,
  control: JobControl,
): Promise<TrainResult | undefined> {
  const { options, archive, resume } = job;
  const isUrl = archive !== undefined && /^[a-z]+:\/\//i.test(archive);
  const pageJob: PageJob = {
    options,
    ...(archive !== undefined && { archive: isUrl ? archive : ARCHIVE }),
    ...(resume && { resume: packFiles(resume) }),
  };
  const server = await serveFiles({
    "/": { body: HTML, type: "text/html; charset=utf-8" },
    "/job.json": { body: JSON.stringify(pageJob), type: "application/json" },
    "/dist/": fileURLToPath(new URL("../", main)),
    ...(archive !== undefined && !isUrl && { [`/${ARCHIVE}`]: resolve(archive) }),
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
