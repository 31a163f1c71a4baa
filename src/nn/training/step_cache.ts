import type { StepProgram } from "./step_programs.ts";

/** The number of cached programs; each batch size and kind needs its own. */
const KEPT_PROGRAMS = 4;

/** An LRU cache of step programs. */
export class StepCache<At> {
  readonly #programs = new Map<string, StepProgram<At>>();

  /** The program for this key; compiled if it is not cached. */
  async get(key: string, make: () => Promise<StepProgram<At>>): Promise<StepProgram<At>> {
    const known = this.#programs.get(key);
    if (known !== undefined) {
      // Reinserted as most recently used; the least recently used program is evicted first.
      this.#programs.delete(key);
      this.#programs.set(key, known);
      return known;
    }
    const step = await make();
    const [oldest] = this.#programs.keys();
    if (this.#programs.size >= KEPT_PROGRAMS && oldest !== undefined) {
      this.#programs.get(oldest)?.program.dispose();
      this.#programs.delete(oldest);
    }
    this.#programs.set(key, step);
    return step;
  }

  dispose(): void {
    for (const { program } of this.#programs.values()) program.dispose();
    this.#programs.clear();
  }
}
