/** When a lost device is opened again: how long to wait, and when not to try. */
import { DeviceLostError } from "../core/errors.ts";
import type { OpenedGpu } from "./adapter.ts";

/** Seconds before each attempt. Chromium gives no adapter for two minutes after a GPU process crashed twice. */
const WAITS = [0.25, 1, 5, 130] as const;
/** Two losses by the driver within so many seconds are one too many: whatever crashes it would crash it again. */
const QUIET_SECONDS = 120;

/** Remembers the losses of a device that nobody asked for. */
export class Reopening {
  readonly #now: () => number;
  #before = Number.NEGATIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now;
  }

  /** Takes note of a loss. One by `destroy()` says nothing of the driver. */
  lost({ reason }: DeviceLostError): void {
    if (reason === "destroyed") return;
    this.#before = this.#last;
    this.#last = this.#now();
  }

  /**
   * Opens the GPU again: at once after a `destroy()`, else after a moment, and where that fails after ever longer ones.
   * @param wait sleeps so many seconds, and rejects when it is no longer wanted
   * @throws DeviceLostError after the second loss within two minutes (until two quiet minutes have passed), and when
   * every attempt failed.
   */
  async open(
    loss: DeviceLostError,
    open: () => Promise<OpenedGpu>,
    wait: (seconds: number) => Promise<void>,
  ): Promise<OpenedGpu> {
    const since = this.#now() - this.#last;
    if (loss.reason !== "destroyed" && this.#last - this.#before < QUIET_SECONDS && since < QUIET_SECONDS) {
      const retryAfter = Math.ceil(QUIET_SECONDS - since);
      throw new DeviceLostError(
        `${loss.message}. It was the second time within two minutes, so Sluice does not try again by itself. Close ` +
          `what else uses the GPU, or take a smaller batch; after ${retryAfter} s, or after a reload of the page, go ` +
          "on from what is kept",
        { ...loss.details, retryAfter },
        { cause: loss },
      );
    }
    let cause: unknown;
    for (const [attempt, seconds] of WAITS.entries()) {
      if (attempt > 0 || loss.reason !== "destroyed") await wait(seconds);
      try {
        return await open();
      } catch (error) {
        cause = error;
      }
    }
    throw new DeviceLostError(
      `${loss.message}, and no new one could be opened in ${WAITS.length} attempts: ${String(cause)}`,
      loss.details,
      { cause },
    );
  }
}
