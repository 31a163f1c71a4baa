/** Lets a wait end when its work is aborted, even if the awaited promise never settles. */
import { AbortError, SluiceError } from "./errors.ts";

/**
 * Settles as `promise` does, or rejects as soon as one of the signals aborts: with the signal's reason if that is one
 * of Sluice's errors, otherwise with an AbortError. If several signals have already aborted, the first counts. A later
 * result or rejection of `promise` is ignored, and no listener stays on the signals.
 *
 * @example
 * await raceAbort(onProgress(progress), options.signal, disposal.signal);
 */
export function raceAbort<T>(promise: Promise<T>, ...signals: readonly (AbortSignal | undefined)[]): Promise<T> {
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
    promise.then(resolve, reject).then(forget);
  });
}

/**
 * Like `raceAbort`, for work that ends by itself soon after an abort: waits for it `grace()` milliseconds longer.
 *
 * @example
 * const outputs = await raceAbortLate(predictAll(), () => 250, options.signal);
 */
export async function raceAbortLate<T>(
  work: Promise<T>,
  grace: () => number,
  ...signals: readonly (AbortSignal | undefined)[]
): Promise<T> {
  const late = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    const aborted = signals.find((signal) => signal?.aborted === true);
    if (aborted !== undefined) timer ??= setTimeout(() => late.abort(stopError(aborted)), grace());
  };
  for (const signal of signals) signal?.addEventListener("abort", stop);
  stop();
  try {
    return await raceAbort(work, late.signal);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal?.removeEventListener("abort", stop);
  }
}

/** The error for work that this signal stopped. */
function stopError({ reason }: AbortSignal): SluiceError {
  if (reason instanceof SluiceError) return reason;
  return new AbortError("stopped by its AbortSignal", { reason }, { cause: reason });
}
