/** Handles Ctrl-C: the first one stops the work after the current step, the second one exits immediately. */
import process from "node:process";

/** Signals within this time count as one, because a terminal and npm each send one for the same Ctrl-C. */
const ECHO_MS = 400;

/** The exit status of a program that Ctrl-C stopped. */
export const INTERRUPTED = 130;

/** An AbortSignal that Ctrl-C or SIGTERM aborts; `onFirst` is called then. Call `release` when the work is done. */
export function onInterrupt(onFirst: () => void): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  let first: number | undefined;
  const handle = (): void => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      controller.abort();
      onFirst();
    } else if (now - first > ECHO_MS) {
      process.exit(INTERRUPTED);
    }
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, handle);
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of signals) process.off(signal, handle);
    },
  };
}
