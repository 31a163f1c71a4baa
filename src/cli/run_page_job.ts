/** A job that runs in a browser's page: the built package is served to it, and what it tells is passed on. */
import { fileURLToPath } from "node:url";
import { SluiceError } from "../core/errors.ts";
import { type BrowserName, runPage } from "./launch_browser.ts";
import { type Mounts, serveFiles } from "./static_server.ts";

/** How a page's job ends when it fails: an error as plain data. */
export interface PageError {
  readonly kind: "error";
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** True for errors that are for the user to mend. */
  readonly isOurs: boolean;
}

/** What a page tells; the last message is `done` or `error`. */
export type PageTelling<M, R> = M | { readonly kind: "done"; readonly result?: R } | PageError;

/** A job for a page. */
export interface PageJobOptions<M> {
  readonly browser: BrowserName;
  /** The page's script, in dist/: `cli/training_page.js`. */
  readonly script: string;
  /** URL of the built command line, beside which the page's code lies. */
  readonly main: string;
  /** What the page fetches as `job.json`. */
  readonly job: unknown;
  /** Files that the page may fetch besides. */
  readonly mounts?: Mounts;
  /** Where the page finds packages that are not in dist/, by their names. */
  readonly imports?: Readonly<Record<string, string>>;
  /** Takes a message; the page waits for it. */
  readonly onMessage: (message: M) => void | Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Opens the page and stays until its job is done. The page is told to stop by the answers to its messages.
 * @returns the result, or undefined where the page has none (it was stopped).
 * @throws what `onMessage` threw, or the page's error.
 */
export async function runPageJob<M extends { readonly kind: string }, R>(
  options: PageJobOptions<M>,
): Promise<R | undefined> {
  const { browser, main, onMessage, signal } = options;
  const server = await serveFiles({
    "/": { body: pageOf(options), type: "text/html; charset=utf-8" },
    "/job.json": { body: JSON.stringify(options.job), type: "application/json" },
    "/dist/": fileURLToPath(new URL("../", main)),
    ...options.mounts,
  });
  let ended: { readonly kind: "done"; readonly result?: R } | PageError | undefined;
  const notes: string[] = [];
  let failure: unknown;
  const take = async (text: string): Promise<boolean> => {
    const message = JSON.parse(text) as PageTelling<M, R>;
    try {
      if (isEnd<M, R>(message)) ended = message;
      else await onMessage(message);
    } catch (error) {
      failure ??= error;
    }
    return signal.aborted || failure !== undefined;
  };
  try {
    await runPage(browser, server.url, {
      onMessage: take,
      onConsole: (line) => notes.push(line),
      outlivesInterrupt: true,
    });
  } finally {
    await server.close();
  }
  if (failure !== undefined) throw failure;
  if (ended?.kind === "done") return ended.result;
  if (ended === undefined) throw new Error(`the page in ${browser} ended without a word\n${notes.join("\n")}`);
  const { message, name: errorName, stack, isOurs } = ended;
  const error = isOurs ? new SluiceError(message) : new Error(`in ${browser}: ${message}`);
  throw Object.assign(error, { name: errorName, ...(stack && { stack }) });
}

function isEnd<M extends { readonly kind: string }, R>(
  message: PageTelling<M, R>,
): message is { readonly kind: "done"; readonly result?: R } | PageError {
  return message.kind === "done" || message.kind === "error";
}

function pageOf({ script, imports }: PageJobOptions<never>): string {
  const map = imports === undefined ? "" : `<script type="importmap">${JSON.stringify({ imports })}</script>`;
  return `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>sluice</title><link rel="icon" href="data:,">${map}</head>
  <body><script type="module" src="dist/${script}"></script></body>
</html>
`;
}
