/**
 * Runs asynchronous work one piece at a time, for objects that hold GPU resources and can be disposed while they work.
 */
import { DisposedError } from "../core/errors.ts";
import { raceAbortLate } from "../core/race.ts";

/** How long a call may continue after it was aborted, in milliseconds. */
const GRACE = 250;

/** A queue of work that ends with `close`. */
export class Turns {
  readonly #name: string;
  readonly #release: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #isBusy = false;
  readonly #closing = new AbortController();

  /**
   * @param name the owner's name in error messages
   * @param release frees the resources; called once, when no work is running
   */
  constructor(name: string, release: () => void) {
    this.#name = name;
    this.#release = release;
  }

  /** Runs `work` after all earlier work; the caller waits for it until shortly after `signal` aborts. */
  take<T>(what: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const result = this.#last.then(() => this.#run(what, work));
    this.#last = result.catch(() => undefined);
    return this.untilStopped(result, signal);
  }

  /** Waits for a promise that may never settle, but only until shortly after `signal` aborts or the queue is closed. */
  untilStopped<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
    return raceAbortLate(promise, () => GRACE, signal, this.#closing.signal);
  }

  async #run<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.assertOpen(what);
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
      if (this.#closing.signal.aborted) this.#release();
    }
  }

  /** @throws DisposedError after `close`. */
  assertOpen(what: string): void {
    if (this.#closing.signal.aborted) throw this.#disposed(`${what}: `);
  }

  /** Rejects waiting work; running work gets a grace period to finish. Does nothing when called again. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(this.#disposed(""));
    if (!this.#isBusy) this.#release();
  }

  #disposed(where: string): DisposedError {
    return new DisposedError(`${where}the ${this.#name} was disposed; create or load it again`);
  }
}
