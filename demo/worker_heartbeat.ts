/**
 * Detects a worker that was terminated or hangs. A browser that terminates a worker, for example when memory is short,
 * fires no `error` event. So the worker holds a Web Lock as long as it lives, and answers pings while a request is
 * pending.
 */

/** The interval between pings. */
const PING_MILLISECONDS = 10_000;
/**
 * The number of unanswered pings after which the worker counts as hanging. A worker that reads a large file, or a tab
 * that just woke up, may be silent for a while.
 */
const MOST_UNANSWERED = 6;

/** Watches one worker. */
export interface Heartbeat {
  /** Call it when the worker has sent a message. */
  heard(): void;
  /** Call it with the name of the lock that the worker holds. */
  holds(lock: string): void;
  /** Stops watching. */
  stop(): void;
}

/**
 * Watches a worker.
 * @param ping sends a ping
 * @param isAwaited whether a request is pending; otherwise no pings are sent
 * @param onGone called once, when the worker has ended or hangs
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
      // Getting the lock means that the worker has ended, because it never releases the lock.
      void navigator.locks.request(lock, () => gone("the browser ended the page's worker"));
    },
    stop,
  };
}
