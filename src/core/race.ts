/** Waits that end when their work is stopped, even where what they wait for never settles. */
import { AbortError, SluiceError } from "./errors.ts";

/**
 * Settles as `promise` does, or rejects as soon as one of the signals aborts: with the signal's reason if that is one
 * of Sluice's errors, otherwise with an AbortError. If several signals have already aborted, the first counts. A later
 * result or rejection of `promise` is ignored, and no listener stays on the signals.
 *
 * @example
 * await raceAbort(onProgress(progress), options.signal, disposal.signal);
 */
export function raceAbort<T>(
  promise: PromiseLike<T> | T,
  ...signals: readonly (AbortSignal | undefined)[]
): Promise<Awaited<T>> {
  return new Promise((resolve, reject) => {
    const forget = () => {
      for (const signal of signals) signal?.removeEventListener("abort", stop);
    };
    const stop = () => {
      const aborted = signals.find((signal) => signal?.aborted === true);
      if (aborted === undefined) return;
      forget();
      reject(stopError(aborted));
    };
    for (const signal of signals) signal?.addEventListener("abort", stop);
    stop();
    Promise.resolve(promise).then(resolve, reject).then(forget);
  });
}

/** The error with which work ends that this signal stopped. */
function stopError({ reason }: AbortSignal): SluiceError {
  if (reason instanceof SluiceError) return reason;
  return new AbortError("stopped by its AbortSignal", { reason }, { cause: reason });
}
