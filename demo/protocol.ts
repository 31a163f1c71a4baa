/**
 * What page and worker say to each other. The page asks (`client.ts`), the worker answers: every request has a number, may
 * be aborted, may tell events before its result, and may hand over buffers instead of copying them.
 *
 * A room adds a request by a function in a file of `worker/requests/` and a line in that folder's `index.ts`: the names and
 * types of requests on both sides follow from that table.
 */
import type { Requests } from "./worker/requests/index.ts";
import type { Session } from "./worker/session.ts";

/** What a request is given beside its parameters. */
export interface Context<Event = never> {
  readonly session: Session;
  /** Aborts when the page no longer wants the answer. */
  readonly signal: AbortSignal;
  /** Tells the page something before the result. */
  tell(event: Event, transfer?: readonly Transferable[]): void;
  /** Marks buffers of the result to be handed over: they are gone from the worker then. */
  transfer(...buffers: readonly Transferable[]): void;
}

/** Answers one kind of request. What it throws reaches the page as a Failure. */
export type Handler<Params = never, Result = unknown, Event = never> = (
  context: Context<Event>,
  params: Params,
) => Promise<Result>;

export type RequestName = keyof Requests;
export type ParamsOf<N extends RequestName> = Parameters<Requests[N]>[1];
export type ResultOf<N extends RequestName> = Awaited<ReturnType<Requests[N]>>;
export type EventOf<N extends RequestName> = Parameters<Requests[N]>[0] extends Context<infer Event> ? Event : never;

export type ToWorker =
  | { readonly kind: "ask"; readonly id: number; readonly name: RequestName; readonly params: unknown }
  | { readonly kind: "abort"; readonly id: number }
  | { readonly kind: "ping" };

export type FromWorker =
  /** The lock that it holds as long as it lives. */
  | { readonly kind: "holds"; readonly lock: string }
  | { readonly kind: "alive" }
  | { readonly kind: "event"; readonly id: number; readonly event: unknown }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly failure: Failure };

/** What kind of failure it was, for the page to choose its words by. */
export type FailureCause =
  | "aborted"
  | "noWebGpu"
  | "noGpu"
  | "gpuLost"
  | "notFinite"
  | "badFile"
  | "badValue"
  | "diskFull"
  | "noModel"
  | "workerGone"
  | "other";

/** An error as it crosses: its kind, and the words that the engine found for it. */
export interface Failure {
  readonly cause: FailureCause;
  readonly message: string;
}
