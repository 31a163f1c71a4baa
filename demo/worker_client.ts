/** Sends requests to the worker: `ask("judge", { … })` returns a promise of the result. */
import type { Failure, FailureCause } from "./messages/failure.ts";
import type { EventOf, FromWorker, ParamsOf, RequestName, ResultOf, ToWorker } from "./messages/index.ts";
import { watchWorker } from "./worker_heartbeat.ts";

/** A request to the worker failed. */
export class WorkerFailure extends Error {
  override readonly name = "WorkerFailure";
  override readonly cause: FailureCause;

  constructor({ cause, message }: Failure) {
    super(message);
    this.cause = cause;
  }
}

export interface AskOptions<Event> {
  /** Aborts the request; the promise rejects with the cause "aborted" once the worker has stopped. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: Event) => void;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: WorkerFailure) => void;
  readonly onEvent: ((event: unknown) => void) | undefined;
}

const pending = new Map<number, Pending>();
let worker: Worker | undefined;
let asked = 0;

/**
 * Sends a request to the worker, which starts with the first request.
 * @throws WorkerFailure with the worker's error.
 */
export async function ask<N extends RequestName>(
  name: N,
  params: ParamsOf<N>,
  { signal, onEvent }: AskOptions<EventOf<N>> = {},
): Promise<ResultOf<N>> {
  if (signal?.aborted) throw new WorkerFailure({ cause: "aborted", message: "aborted before it was asked" });
  worker ??= startWorker();
  const id = ++asked;
  const abort = (): void => post({ kind: "abort", id });
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await new Promise<ResultOf<N>>((resolve, reject) => {
      pending.set(id, { resolve: resolve as Pending["resolve"], reject, onEvent: onEvent as Pending["onEvent"] });
      post({ kind: "ask", id, name, params });
    });
  } finally {
    pending.delete(id);
    signal?.removeEventListener("abort", abort);
  }
}

function post(message: ToWorker): void {
  worker?.postMessage(message);
}

function startWorker(): Worker {
  const started = new Worker(new URL("./worker/main.ts", import.meta.url), { type: "module" });
  const end = (failure: Failure): void => {
    heartbeat.stop();
    started.terminate();
    if (worker !== started) return;
    worker = undefined;
    for (const { reject } of pending.values()) reject(new WorkerFailure(failure));
  };
  const heartbeat = watchWorker(
    () => post({ kind: "ping" }),
    () => pending.size > 0,
    (why) => end({ cause: "workerGone", message: `${why}; the next question starts another` }),
  );
  started.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    heartbeat.heard();
    if (data.kind === "holds") return heartbeat.holds(data.lock);
    if (data.kind === "alive") return;
    const asker = pending.get(data.id);
    if (data.kind === "event") asker?.onEvent?.(data.event);
    else if (data.kind === "result") asker?.resolve(data.result);
    else asker?.reject(new WorkerFailure(data.failure));
  });
  // A worker that could not be loaded, or that ended with an uncaught error, does not answer.
  started.addEventListener("error", (event) => {
    event.preventDefault();
    end({ cause: "other", message: event.message || "the page's worker could not be started" });
  });
  return started;
}
