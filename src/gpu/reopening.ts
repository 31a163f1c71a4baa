/** Decides when to reopen a lost device, and when to give up. */
import { DeviceLostError } from "../core/errors.ts";
import type { OpenedGpu } from "./adapter.ts";

/**
 * Seconds before each attempt. Chromium returns no adapter for two minutes after the GPU process has crashed twice.
 */
const WAITS = [0.25, 1, 5, 130] as const;
/**
 * Sluice gives up after two driver losses within this many seconds: the same work would probably crash the driver
 * again.
 */
const QUIET_SECONDS = 120;

/** Tracks the unexpected losses of a device. */
export class Reopening {
  readonly #now: () => number;
  #before = Number.NEGATIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now;
  }

  /** Records a loss. A loss by `destroy()` is not the driver's fault and is not counted. */
  lost({ reason }: DeviceLostError): void {
    if (reason === "destroyed") return;
    this.#before = this.#last;
    this.#last = this.#now();
  }

  /**
   * Reopens the GPU: immediately after a `destroy()`, otherwise after a delay that grows with each failed attempt.
   * @param wait sleeps for a number of seconds; rejects if the device is disposed meanwhile
   * @throws DeviceLostError after the second loss within two minutes (until two minutes have passed without one), and
   * when every attempt failed.
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
        `${loss.message}. It was the second loss within two minutes, so Sluice does not try again. Close ` +
          `what else uses the GPU, or use a smaller batch; after ${retryAfter} s or a reload of the page, continue ` +
          "from the last checkpoint",
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
      `${loss.message}, and ${WAITS.length} attempts to open a new one failed: ${String(cause)}`,
      loss.details,
      { cause },
    );
  }
}
