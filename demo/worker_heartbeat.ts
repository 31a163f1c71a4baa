/**
 * Whether the worker still lives. A browser that ends a worker (for want of memory, or because somebody asked) tells
 * nobody: no `error` event comes. Two signs tell: the Web Lock that it holds for its life, and answers to pings while
 * one waits.
 */

/** A ping goes out so often; a worker that has been asked for so many without an answer hangs. */
const PING_MILLISECONDS = 10_000;
/** Six: a worker that reads a large file, or a tab that just woke up, is silent for a while and lives. */
const MOST_UNANSWERED = 6;

/** How a worker is watched. */
export interface Heartbeat {
  /** It sent something: it lives. */
  heard(): void;
  /** It told which lock it holds. */
  holds(lock: string): void;
  /** Nobody watches any more. */
  stop(): void;
}

/**
 * Watches a worker.
 * @param ping asks it for a sign of life.
 * @param isAwaited whether anyone waits for an answer of it: else it is left in peace.
 * @param onGone called once, when it is no more, or hangs.
 */
export function watchWorker(ping: () => void, isAwaited: () => boolean, onGone: (why: string) => void): Heartbeat {
  let unanswered = 0;
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    clearInterval(timer);
  };
  const gone = (why: string): void => {
    if (isOver) return;
    stop();
    onGone(why);
  };
  const timer = setInterval(() => {
    if (!isAwaited()) {
      unanswered = 0;
      return;
    }
    if (unanswered >= MOST_UNANSWERED) {
      gone(`the page's worker has not answered for ${(unanswered * PING_MILLISECONDS) / 1000} s`);
      return;
    }
    unanswered++;
    ping();
  }, PING_MILLISECONDS);
  return {
    heard: () => {
      unanswered = 0;
    },
    holds: (lock) => {
      // Whoever is given the lock knows that the worker let go of it: it never does while it lives.
      void navigator.locks.request(lock, () => gone("the browser ended the page's worker"));
    },
    stop,
  };
}
