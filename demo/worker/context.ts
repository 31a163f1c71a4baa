/** The type of the functions that answer the page's requests. */
import type { EventOf, ParamsOf, RequestName, ResultOf } from "../messages/index.ts";
import type { Session } from "./session.ts";

/** The context that a request's function receives with the parameters. */
export interface Context<Event = never> {
  readonly session: Session;
  /** Aborts when the page no longer needs the result. */
  readonly signal: AbortSignal;
  /** Sends the page an event before the result. */
  tell(event: Event, transfer?: readonly Transferable[]): void;
  /** Transfers buffers of the result instead of copying them; the worker can no longer read them. */
  transfer(...buffers: readonly Transferable[]): void;
}

/** Answers one kind of request. The page receives what it throws as a `Failure`. */
export type Handler<N extends RequestName> = (
  context: Context<EventOf<N>>,
  params: ParamsOf<N>,
) => Promise<ResultOf<N>>;
