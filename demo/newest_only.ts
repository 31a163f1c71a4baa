/** Answers that are shown as the page changes: only the newest question matters. */
import { notifyFailure } from "./notices.ts";

/**
 * A function that runs `work`, one run at a time: however often it is called during a run, one more follows, about what
 * stands there then. What fails is shown as a notice about `about`.
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
