/** Reads exact numbers of bytes from a stream, independent of the size of its chunks. */

/** Options of a ByteReader. */
export interface ByteReaderOptions {
  /** Called with the length of each chunk; may throw to stop reading. */
  readonly onChunk?: (bytes: number) => void;
}

/**
 * A cursor over a stream. Holds one chunk at a time.
 *
 * @example
 * const reader = new ByteReader(stream);
 * const header = await reader.read(512); // undefined when the stream ends before
 */
export class ByteReader {
  /** The bytes read or skipped so far. */
  position = 0;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #onChunk: (bytes: number) => void;
  #chunk: Uint8Array = new Uint8Array(0);
  #offset = 0;

  constructor(stream: ReadableStream<Uint8Array>, options: ByteReaderOptions = {}) {
    this.#reader = stream.getReader();
    this.#onChunk = options.onChunk ?? (() => undefined);
  }

  /** The next `count` bytes as a copy; undefined if the stream ends before. */
  async read(count: number): Promise<Uint8Array | undefined> {
    if (this.#chunk.length - this.#offset >= count) return this.#take(count);
    const bytes = new Uint8Array(count);
    for (let filled = 0; filled < count; ) {
      if (this.#offset === this.#chunk.length && !(await this.#fill())) return undefined;
      const part = this.#take(Math.min(count - filled, this.#chunk.length - this.#offset));
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  /** Skips `count` bytes; false if the stream ends before. */
  async skip(count: number): Promise<boolean> {
    for (let left = count; left > 0; ) {
      if (this.#offset === this.#chunk.length && !(await this.#fill())) return false;
      const step = Math.min(left, this.#chunk.length - this.#offset);
      this.#offset += step;
      this.position += step;
      left -= step;
    }
    return true;
  }

  /** The rest of the stream, chunk by chunk. */
  async *rest(): AsyncGenerator<Uint8Array> {
    while (this.#offset < this.#chunk.length || (await this.#fill()))
      yield this.#take(this.#chunk.length - this.#offset);
  }

  /** Cancels the stream and its source. */
  async cancel(reason?: unknown): Promise<void> {
    await this.#reader.cancel(reason).catch(() => undefined);
  }

  #take(count: number): Uint8Array {
    const bytes = this.#chunk.slice(this.#offset, this.#offset + count);
    this.#offset += count;
    this.position += count;
    return bytes;
  }

  async #fill(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return false;
      this.#onChunk(value.length);
      if (value.length === 0) continue;
      this.#chunk = value;
      this.#offset = 0;
      return true;
    }
  }
}
