/** The page's side of the talk with the command line that opened it. */
import { SluiceError } from "../core/errors.ts";
import type { PageError } from "./run_page_job.ts";

/** What the command line gives to a page that it opens. */
export interface Opener {
  /** Sends a message; resolves with true when the job is to stop. */
  readonly sluiceReport: (message: string) => Promise<unknown>;
  /** Says that the page is done. */
  readonly sluiceDone: () => Promise<void>;
}

/** The command line that opened this page. */
export function opener(): Opener {
  return globalThis as unknown as Opener;
}

/** An error as a message. */
export function pageError(error: unknown): PageError {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { kind: "error", name, message, ...(stack && { stack }), isOurs: error instanceof SluiceError };
}
