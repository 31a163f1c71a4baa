/** Which of a plan's temporary buffers are free. Sizes only: the buffers themselves are made once the plan is done. */

/** A tensor may lie in a buffer of up to this many times its size, so that small ones do not hold the large. */
const MAX_RATIO = 8;

/** Hands out numbered buffers; a free one is used again by a tensor of its size class, and grows if it must. */
export class BufferPool {
  readonly #sizes: number[] = [];
  readonly #free = new Set<number>();

  /** Sizes in bytes, by number. */
  get sizes(): readonly number[] {
    return this.#sizes;
  }

  /** The number of a buffer with room for `bytes`. */
  take(bytes: number): number {
    let best: number | undefined;
    for (const buffer of this.#free) {
      const size = this.#sizes[buffer] as number;
      if (size > bytes * MAX_RATIO || bytes > size * MAX_RATIO) continue;
      if (best === undefined || this.#isBetter(size, this.#sizes[best] as number, bytes)) best = buffer;
    }
    if (best === undefined) return this.#sizes.push(bytes) - 1;
    this.#free.delete(best);
    this.#sizes[best] = Math.max(bytes, this.#sizes[best] as number);
    return best;
  }

  /** Says that nothing needs the buffer's contents any more. */
  give(buffer: number): void {
    this.#free.add(buffer);
  }

  /** The smallest that fits; if none does, the largest, which grows least. */
  #isBetter(size: number, best: number, bytes: number): boolean {
    if (size >= bytes) return best < bytes || size < best;
    return best < bytes && size > best;
  }
}
