import type { StepProgram } from "./step_programs.ts";

/** Programs are kept for this many kinds and sizes of batches. */
const KEPT_PROGRAMS = 4;

/** Keeps the programs of the steps that were taken last. */
export class StepCache<At> {
  readonly #programs = new Map<string, StepProgram<At>>();

  /** The program of this key, made where it is not kept. */
  async get(key: string, make: () => Promise<StepProgram<At>>): Promise<StepProgram<At>> {
    const known = this.#programs.get(key);
    if (known !== undefined) {
      // Back to the end of the line: the one that was used longest ago goes first.
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
