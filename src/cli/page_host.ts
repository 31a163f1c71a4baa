/** The page's connection to the command line that opened it. */
import { SluiceError } from "../core/errors.ts";
import type { PageError } from "./run_page_job.ts";

/** The functions that the command line provides to a page that it opens. */
export interface CommandLineHost {
  /** Sends a message; resolves with true if the job should stop. */
  readonly sluiceReport: (message: string) => Promise<unknown>;
  /** Reports that the page is done. */
  readonly sluiceDone: () => Promise<void>;
}

/** The command line that opened this page. */
export function commandLineHost(): CommandLineHost {
  return globalThis as unknown as CommandLineHost;
}

/** Converts an error to a message. */
export function pageError(error: unknown): PageError {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { kind: "error", name, message, ...(stack && { stack }), isOurs: error instanceof SluiceError };
}
