/** For results that are shown as the page changes: only the most recent request matters. */
import { notifyFailure } from "./notices.ts";

/**
 * Returns a function that runs `work`, one run at a time. Calls during a run are combined into a single run after it.
 * An error is shown as a notice about `about`.
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
