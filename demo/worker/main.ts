/** The worker, which alone uses the GPU. It dispatches each request to its handler. */
import type { Ask, EventOf, FromWorker, RequestName, ToWorker } from "../messages/index.ts";
import type { Context, Handler } from "./context.ts";
import { failureOf } from "./failure_of.ts";
import { requests } from "./requests/index.ts";
import { Session } from "./session.ts";

const session = new Session();
const running = new Map<number, AbortController>();

function post(message: FromWorker, transfer: readonly Transferable[] = []): void {
  self.postMessage(message, { transfer: [...transfer] });
}

async function answer<N extends RequestName>({ id, name, params }: Ask<N>): Promise<void> {
  const control = new AbortController();
  running.set(id, control);
  const buffers: Transferable[] = [];
  const context: Context<EventOf<N>> = {
    session,
    signal: control.signal,
    tell: (event, transfer) => post({ kind: "event", id, event }, transfer),
    transfer: (...more) => void buffers.push(...more),
  };
  try {
    const handler: Handler<N> = requests[name];
    post({ kind: "result", id, result: await handler(context, params) }, buffers);
  } catch (error) {
    post({ kind: "failed", id, failure: failureOf(error) });
  } finally {
    running.delete(id);
  }
}

// Held until the worker ends, in whatever way, so that the page can detect it.
const lock = `sluice-page/worker/${crypto.randomUUID()}`;
void navigator.locks.request(lock, () => {
  post({ kind: "holds", lock });
  return new Promise(() => undefined);
});

self.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === "ping") post({ kind: "alive" });
  else if (data.kind === "abort") running.get(data.id)?.abort();
  else void answer(data);
});
