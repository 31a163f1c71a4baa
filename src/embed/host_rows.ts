/** The index's vectors, ids and metadata on the host: what is true. The GPU holds copies of the rows. */

/** What names a vector: a text or a finite number. */
export type VectorId = string | number;

/** Order of ids: numbers before texts, numbers by size, texts by their code units. */
export function compareIds(a: VectorId, b: VectorId): number {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Rows without gaps: removing one puts the last in its place. */
export class RowStore<M> {
  readonly dimension: number;
  readonly #ids: VectorId[] = [];
  readonly #metadata: (M | undefined)[] = [];
  readonly #rows = new Map<VectorId, number>();
  #vectors: Float32Array;

  constructor(dimension: number) {
    this.dimension = dimension;
    this.#vectors = new Float32Array(0);
  }

  get size(): number {
    return this.#ids.length;
  }

  get ids(): readonly VectorId[] {
    return this.#ids;
  }

  /** The row of an id; undefined where there is none. */
  rowOf(id: VectorId): number | undefined {
    return this.#rows.get(id);
  }

  /** The id of a row. */
  idOf(row: number): VectorId {
    return this.#ids[row] as VectorId;
  }

  /** What goes with a row. */
  metadataOf(row: number): M | undefined {
    return this.#metadata[row];
  }

  /** Rows `first` … `first + count - 1`, one after the other; a view that the next change may make stale. */
  vectors(first: number, count = 1): Float32Array {
    return this.#vectors.subarray(first * this.dimension, (first + count) * this.dimension);
  }

  /** Makes room, so that adding up to `rows` in all cannot fail. */
  reserve(rows: number): void {
    const wanted = rows * this.dimension;
    if (wanted <= this.#vectors.length) return;
    // Half as much again, so that adding one by one does not copy everything each time.
    const grown = new Float32Array(Math.max(wanted, Math.min(wanted * 2, Math.ceil(this.#vectors.length * 1.5))));
    grown.set(this.vectors(0, this.size));
    this.#vectors = grown;
  }

  /** Adds a row behind the last. */
  append(id: VectorId, vector: Float32Array, metadata: M | undefined): void {
    const row = this.size;
    this.reserve(row + 1);
    this.#vectors.set(vector, row * this.dimension);
    this.#ids.push(id);
    this.#metadata.push(metadata);
    this.#rows.set(id, row);
  }

  /** Gives a row other numbers. */
  replace(row: number, vector: Float32Array): void {
    this.#vectors.set(vector, row * this.dimension);
  }

  /** Gives a row other metadata. */
  setMetadata(row: number, metadata: M | undefined): void {
    this.#metadata[row] = metadata;
  }

  /** Removes an id. @returns the row into which the last one moved; the row itself when it was the last. */
  remove(id: VectorId): number {
    const row = this.#rows.get(id) as number;
    const last = this.size - 1;
    if (row !== last) {
      this.#vectors.copyWithin(row * this.dimension, last * this.dimension, (last + 1) * this.dimension);
      this.#ids[row] = this.#ids[last] as VectorId;
      this.#metadata[row] = this.#metadata[last];
      this.#rows.set(this.#ids[row] as VectorId, row);
    }
    this.#ids.pop();
    this.#metadata.pop();
    this.#rows.delete(id);
    return row;
  }

  /** Forgets all. */
  clear(): void {
    this.#ids.length = 0;
    this.#metadata.length = 0;
    this.#rows.clear();
    this.#vectors = new Float32Array(0);
  }
}
