/** How a training run is steered from outside. */
import { AbortError, DisposedError } from "../../core/errors.ts";
import { raceAbortLate } from "../../core/race.ts";
import type { Variable } from "../../graph/operation.ts";
import type { CallApp, CallbackList } from "../callbacks/callback_list.ts";
import type { Progress } from "./progress.ts";

/** How long a promise of the app's may take after the run was asked to stop, in milliseconds. */
const APP_GRACE = 250;

/** What steers a run, and what it reports to. */
export interface RunControl {
  readonly stop: RunStop;
  readonly onProgress: ((progress: Progress) => void | Promise<void>) | undefined;
  /** Resolves at once unless the run is paused. */
  readonly whileResumed: () => Promise<void>;
  readonly callbacks: CallbackList;
  /** What callbacks may do with the model. */
  readonly model: {
    readonly weights: readonly Variable[];
    save(directory: string): Promise<void>;
    toFiles(): Promise<ReadonlyMap<string, Uint8Array>>;
  };
}

/** Whether a run is to stop: at an abort, or when its model is disposed. */
export class RunStop {
  readonly #what: string;
  readonly #signal: AbortSignal | undefined;
  readonly #disposal: AbortSignal;
  #isOver = false;

  /**
   * @param what names the run in errors
   * @param signal the app's
   * @param disposal aborts when the model is disposed
   */
  constructor(what: string, signal: AbortSignal | undefined, disposal: AbortSignal) {
    this.#what = what;
    this.#signal = signal;
    this.#disposal = disposal;
  }

  /** True once `end` has settled: what is left of the run must not change anything, nor call the app. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** @throws DisposedError or AbortError when the run is to end before its next step. */
  check(): void {
    this.checkDisposal();
    if (this.#signal?.aborted !== true) return;
    const { reason } = this.#signal;
    throw new AbortError(`${this.#what}: stopped by its AbortSignal, at a whole step`, { reason });
  }

  /** @throws DisposedError when the model was disposed. */
  checkDisposal(): void {
    if (!this.#disposal.aborted) return;
    throw new DisposedError(`${this.#what}: the model was disposed meanwhile; it stopped at a whole step`);
  }

  /**
   * Calls a function of the app and waits for what it returns. A promise that does not settle is given up soon after
   * the run was asked to stop.
   */
  readonly call: CallApp = (app) => {
    if (this.#isOver) this.check();
    return raceAbortLate((async () => app())(), () => APP_GRACE, this.#signal, this.#disposal);
  };

  /**
   * Waits for a run, which ends by itself at a whole step once it was asked to stop; not longer than `grace()`
   * milliseconds after that, for the GPU may be busy with other work.
   */
  async end<T>(run: Promise<T>, grace: () => number): Promise<T> {
    try {
      return await raceAbortLate(run, grace, this.#signal, this.#disposal);
    } finally {
      this.#isOver = true;
    }
  }
}
