/** For results that are shown as the page changes: only the newest request matters. */
import { notifyFailure } from "./notices.ts";

/**
 * Returns a function that runs `work`, one run at a time. However often it is called during a run, a single run
 * follows. An error is shown as a notice about `about`.
 */
export function newestOnly(about: string, work: () => Promise<void>): () => Promise<void> {
  let isRunning = false;
  let isStale = false;
  return async () => {
    isStale = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (isStale) {
        isStale = false;
        await work();
      }
    } catch (error) {
      notifyFailure(about, error);
    } finally {
      isRunning = false;
    }
  };
}
