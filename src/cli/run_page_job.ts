/** Runs a job in a browser's page: serves the built package to it, and forwards its messages. */
import { fileURLToPath } from "node:url";
import { SluiceError } from "../core/errors.ts";
import { type BrowserName, runPage } from "./launch_browser.ts";
import { type Mounts, serveFiles } from "./static_server.ts";

/** The message of a job that failed: the error as plain data. */
export interface PageError {
  readonly kind: "error";
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** True for errors that the user can fix. */
  readonly isOurs: boolean;
}

/** A message of a page; the last one is `done` or `error`. */
export type JobMessage<M, R> = M | { readonly kind: "done"; readonly result?: R } | PageError;

/** The options of a job. */
export interface PageJobOptions<M> {
  readonly browser: BrowserName;
  /** The page's script, in dist/: `cli/training_page.js`. */
  readonly script: string;
  /** The URL of the built command line; the page's code is in the same directory. */
  readonly main: string;
  /** The contents of `job.json`, which the page fetches. */
  readonly job: unknown;
  /** Further files that the page may fetch. */
  readonly mounts?: Mounts;
  /** The addresses of packages that are not in dist/, for the page's import map. */
  readonly imports?: Readonly<Record<string, string>>;
  /** Receives a message; the page waits until it resolves. */
  readonly onMessage: (message: M) => void | Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Opens the page and waits until its job is done. The answers to its messages tell the page whether to stop.
 * @returns the result, or undefined if the page was stopped
 * @throws the error that `onMessage` threw, or the page's error.
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
    const message = JSON.parse(text) as JobMessage<M, R>;
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
  if (ended === undefined) throw new Error(`the page in ${browser} ended without a result\n${notes.join("\n")}`);
  const { message, name: errorName, stack, isOurs } = ended;
  const error = isOurs ? new SluiceError(message) : new Error(`in ${browser}: ${message}`);
  throw Object.assign(error, { name: errorName, ...(stack && { stack }) });
}

function isEnd<M extends { readonly kind: string }, R>(
  message: JobMessage<M, R>,
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
