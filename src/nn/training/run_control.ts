/** Controls a training run from outside: pause, abort, disposal. */
import { AbortError, DisposedError } from "../../core/errors.ts";
import { raceAbortLate } from "../../core/race.ts";
import type { Variable } from "../../graph/operation.ts";
import type { CallApp, CallbackList } from "../callbacks/callback_list.ts";
import type { Progress } from "./progress.ts";

/** How long to wait for a promise of app code after the run was asked to stop, in milliseconds. */
const APP_GRACE = 250;

/** The controls and listeners of a run. */
export interface RunControl {
  readonly stop: RunStop;
  readonly onProgress: ((progress: Progress) => void | Promise<void>) | undefined;
  /** Resolves at once unless the run is paused. */
  readonly whileResumed: () => Promise<void>;
  readonly callbacks: CallbackList;
  /** The model's methods that callbacks may call. */
  readonly model: {
    readonly weights: readonly Variable[];
    save(directory: string): Promise<void>;
    toFiles(): Promise<ReadonlyMap<string, Uint8Array>>;
  };
}

/** Tells a run to stop, after an abort or when its model is disposed. */
export class RunStop {
  readonly #what: string;
  readonly #signal: AbortSignal | undefined;
  readonly #disposal: AbortSignal;
  #isOver = false;

  /**
   * @param what names the run in errors
   * @param signal the app's abort signal
   * @param disposal aborts when the model is disposed
   */
  constructor(what: string, signal: AbortSignal | undefined, disposal: AbortSignal) {
    this.#what = what;
    this.#signal = signal;
    this.#disposal = disposal;
  }

  /** True once `end` has settled: from then on the run must change nothing and call no app code. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** @throws DisposedError or AbortError if the run must end before its next step. */
  check(): void {
    this.checkDisposal();
    if (this.#signal?.aborted !== true) return;
    const { reason } = this.#signal;
    throw new AbortError(`${this.#what}: stopped by its AbortSignal, at a whole step`, { reason });
  }

  /** @throws DisposedError if the model was disposed. */
  checkDisposal(): void {
    if (!this.#disposal.aborted) return;
    throw new DisposedError(`${this.#what}: the model was disposed; it stopped at a whole step`);
  }

  /** Calls app code and awaits the promise it returns. Stops waiting soon after the run was asked to stop. */
  readonly call: CallApp = (app) => {
    if (this.#isOver) this.check();
    return raceAbortLate((async () => app())(), () => APP_GRACE, this.#signal, this.#disposal);
  };

  /**
   * Waits for a run, which ends by itself at a whole step once asked to stop. Waits at most `grace()` milliseconds
   * after that, because the GPU may be busy with other work.
   */
  async end<T>(run: Promise<T>, grace: () => number): Promise<T> {
    try {
      return await raceAbortLate(run, grace, this.#signal, this.#disposal);
    } finally {
      this.#isOver = true;
    }
  }
}
