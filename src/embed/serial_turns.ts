/**
 * Runs asynchronous work one piece at a time, for objects that hold GPU resources and can be disposed while they work.
 */
import { DisposedError } from "../core/errors.ts";

/** A queue of work that ends with `close`. */
export class Turns {
  readonly #name: string;
  readonly #release: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #isBusy = false;
  #isClosed = false;

  /**
   * @param name the owner's name in error messages
   * @param release frees the resources; called once, when no work is running
   */
  constructor(name: string, release: () => void) {
    this.#name = name;
    this.#release = release;
  }

  /** Runs `work` after all earlier work. */
  take<T>(what: string, work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#run(what, work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #run<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.assertOpen(what);
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
      if (this.#isClosed) this.#release();
    }
  }

  /** @throws DisposedError after `close`. */
  assertOpen(what: string): void {
    if (this.#isClosed) throw new DisposedError(`${what}: the ${this.#name} was disposed; make or load it again`);
  }

  /** Rejects waiting work; running work finishes first. Does nothing when called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isBusy) this.#release();
  }
}
