import type { StepProgram } from "./step_programs.ts";

/** A program for full batches, and one for a smaller last batch. */
export class BatchPrograms {
  readonly size: number;
  readonly count: number;
  readonly #batchSize: number;
  readonly #whole: StepProgram | undefined;
  readonly #rest: StepProgram | undefined;

  private constructor(size: number, batchSize: number, whole: StepProgram | undefined, rest: StepProgram | undefined) {
    this.size = size;
    this.count = Math.ceil(size / batchSize);
    this.#batchSize = batchSize;
    this.#whole = whole;
    this.#rest = rest;
  }

  static async prepare(
    size: number,
    batchSize: number,
    make: (batchSize: number) => Promise<StepProgram>,
  ): Promise<BatchPrograms> {
    const whole = size >= batchSize ? await make(batchSize) : undefined;
    try {
      const rest = size % batchSize === 0 ? undefined : await make(size % batchSize);
      return new BatchPrograms(size, batchSize, whole, rest);
    } catch (error) {
      whole?.program.dispose();
      throw error;
    }
  }

  at(batch: number): { readonly step: StepProgram; readonly position: number } {
    const position = batch * this.#batchSize;
    const step = position + this.#batchSize <= this.size ? this.#whole : this.#rest;
    return { step: step as StepProgram, position };
  }

  get main(): StepProgram {
    return (this.#whole ?? this.#rest) as StepProgram;
  }

  dispose(): void {
    this.#whole?.program.dispose();
    this.#rest?.program.dispose();
  }
}
