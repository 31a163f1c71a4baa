/**
 * Tracks which of a plan's temporary buffers are free. It handles sizes only; the buffers are created when the plan is
 * complete.
 */

/**
 * A buffer may be at most this many times larger than its tensor, so that small tensors do not occupy large buffers.
 */
const MAX_RATIO = 8;

/** Assigns numbered buffers. A free buffer is reused for tensors of a similar size, and grows if necessary. */
export class BufferPool {
  readonly #sizes: number[] = [];
  readonly #free = new Set<number>();

  /** The sizes in bytes, by buffer number. */
  get sizes(): readonly number[] {
    return this.#sizes;
  }

  /** Returns the number of a buffer for `bytes`. */
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

  /** Marks the buffer as free. */
  give(buffer: number): void {
    this.#free.add(buffer);
  }

  /** Prefers the smallest buffer that fits; if none fits, the largest, which grows least. */
  #isBetter(size: number, best: number, bytes: number): boolean {
    if (size >= bytes) return best < bytes || size < best;
    return best < bytes && size > best;
  }
}
