/** One thing at a time, for what holds parts of the GPU and can be disposed while it works. */
import { DisposedError } from "../core/errors.ts";

/** A queue of work that ends with `close`. */
export class Turns {
  readonly #name: string;
  readonly #release: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #isBusy = false;
  #isClosed = false;

  /**
   * @param name of whose work it is, for errors
   * @param release frees what the work uses; called once, when no work is under way
   */
  constructor(name: string, release: () => void) {
    this.#name = name;
    this.#release = release;
  }

  /** Does work after all that was asked for before. */
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

  /** Work that waits rejects; work under way ends first. Harmless when repeated. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isBusy) this.#release();
  }
}
