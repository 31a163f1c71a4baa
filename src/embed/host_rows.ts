/** The index's vectors, ids and metadata on the host, which are authoritative; the GPU holds copies of the rows. */

/** The id of a vector: a string or a finite number. */
export type VectorId = string | number;

/** Compares ids: numbers before strings, numbers by value, strings by code units. */
export function compareIds(a: VectorId, b: VectorId): number {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Rows without gaps: removing a row moves the last one into its place. */
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

  /** The row of an id; undefined if there is none. */
  rowOf(id: VectorId): number | undefined {
    return this.#rows.get(id);
  }

  /** The id of a row. */
  idOf(row: number): VectorId {
    return this.#ids[row] as VectorId;
  }

  /** The metadata of a row. */
  metadataOf(row: number): M | undefined {
    return this.#metadata[row];
  }

  /** Rows `first` … `first + count - 1`, concatenated; a view that the next change may invalidate. */
  vectors(first: number, count = 1): Float32Array {
    return this.#vectors.subarray(first * this.dimension, (first + count) * this.dimension);
  }

  /** Reserves memory for `rows` rows in total, so that adding them cannot fail. */
  reserve(rows: number): void {
    const wanted = rows * this.dimension;
    if (wanted <= this.#vectors.length) return;
    // Grows by half, so that adding rows one by one does not copy everything each time.
    const grown = new Float32Array(Math.max(wanted, Math.min(wanted * 2, Math.ceil(this.#vectors.length * 1.5))));
    grown.set(this.vectors(0, this.size));
    this.#vectors = grown;
  }

  /** Appends a row. */
  append(id: VectorId, vector: Float32Array, metadata: M | undefined): void {
    const row = this.size;
    this.reserve(row + 1);
    this.#vectors.set(vector, row * this.dimension);
    this.#ids.push(id);
    this.#metadata.push(metadata);
    this.#rows.set(id, row);
  }

  /** Replaces the vector of a row. */
  replace(row: number, vector: Float32Array): void {
    this.#vectors.set(vector, row * this.dimension);
  }

  /** Replaces the metadata of a row. */
  setMetadata(row: number, metadata: M | undefined): void {
    this.#metadata[row] = metadata;
  }

  /** Removes an id. @returns its row, into which the last row has moved. */
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

  /** Removes all rows. */
  clear(): void {
    this.#ids.length = 0;
    this.#metadata.length = 0;
    this.#rows.clear();
    this.#vectors = new Float32Array(0);
  }
}
