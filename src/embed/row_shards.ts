/** The index's rows on the GPU, in as many buffers as the device's limits require. */
import type { NdArray } from "../core/nd_array.ts";
import { Variable } from "../graph/operation.ts";
import type { Device } from "../runtime/device.ts";
import { variablesOf } from "../runtime/run/variables.ts";
import type { RowStore } from "./host_rows.ts";
import { ErrorBound, floatTerms, int8Terms, type VectorStorage } from "./score_bounds.ts";
import type { Metric } from "./similarity.ts";

/** The number of rows of a shard is a multiple of this, for the mask's words and the kernels' tiles. */
const ALIGNMENT = 64;
/** The maximum number of queries per batch, whose scores [batch, rows] (float32) must fit into one buffer. */
export const MOST_QUERIES = 64;
const FLOAT_BYTES = 4;
/** Rows are packed and written in pieces of about this many bytes. */
const PIECE_BYTES = 4 * 2 ** 20;

/** How rows are stored. */
export interface ShardOptions {
  readonly dimension: number;
  readonly metric: Metric;
  readonly storage: VectorStorage;
  /** The maximum bytes of a buffer. Default, and upper bound: the device's limit. */
  readonly maxBufferBytes?: number | undefined;
}

/** One part of the rows, as a program reads it. */
export interface Shard {
  readonly rows: number;
  /** float32 `[rows, width]`, or int32 `[rows, width / 4]` of int8. */
  readonly table: Variable;
  /** float32 `[rows, 2]`: scale and bias. */
  readonly terms: Variable;
}

/** The shards of an index, filled from its RowStore. */
export class Shards {
  /** The bound on the error of scores. */
  readonly bound = new ErrorBound();
  /** The stored width of a row: the dimension, rounded up to a multiple of 4. */
  readonly width: number;
  readonly #device: Device;
  readonly #options: ShardOptions;
  /** The number of rows of a full shard. */
  readonly #most: number;
  #shards: readonly Shard[] = [];

  constructor(device: Device, options: ShardOptions) {
    const { dimension, storage, maxBufferBytes = Number.POSITIVE_INFINITY } = options;
    this.#device = device;
    this.#options = options;
    this.width = Math.ceil(dimension / 4) * 4;
    const { maxStorageBufferBindingSize } = device.traits.limits;
    const limit = Math.min(maxStorageBufferBindingSize, device.gpu.limits.maxBufferSize, maxBufferBytes);
    const bytes = Math.max(this.width * (storage === "int8" ? 1 : FLOAT_BYTES), MOST_QUERIES * FLOAT_BYTES);
    this.#most = Math.max(ALIGNMENT, Math.floor(limit / bytes / ALIGNMENT) * ALIGNMENT);
  }

  get list(): readonly Shard[] {
    return this.#shards;
  }

  /** The capacity in rows. */
  get rows(): number {
    return this.#shards.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Finds the shard of a row and the row's index in it. */
  #placeOf(row: number): { readonly shard: Shard; readonly at: number } {
    return { shard: this.#shards[Math.floor(row / this.#most)] as Shard, at: row % this.#most };
  }

  /**
   * Reserves buffers for this many rows.
   * @returns true if buffers changed, so that programs on the old ones must be discarded
   * @throws DeviceError if the GPU is out of memory; nothing changes then.
   */
  async reserve(rows: number, store: RowStore<unknown>): Promise<boolean> {
    if (rows <= this.rows) return false;
    const before = this.#shards;
    const fresh: Variable[] = [];
    const next = Array.from({ length: Math.ceil(rows / this.#most) }, (_, index) => {
      const old = before[index];
      const needed = Math.min(this.#most, rows - index * this.#most);
      if (old !== undefined && old.rows >= needed) return old;
      // Grows by half, so that adding rows one by one does not copy everything each time.
      const wanted = Math.max(needed, Math.ceil((old?.rows ?? 0) * 1.5));
      const shard = this.#make(Math.min(this.#most, Math.ceil(wanted / ALIGNMENT) * ALIGNMENT), index);
      fresh.push(shard.table, shard.terms);
      return shard;
    });
    const variables = variablesOf(this.#device);
    try {
      await this.#device.guard("the vector index", () => {
        for (const variable of fresh) variables.bufferOf(variable);
      });
      this.#shards = next;
      for (const [index, shard] of next.entries()) {
        const first = index * this.#most;
        if (shard !== before[index]) this.write(first, Math.min(store.size - first, shard.rows), store);
      }
    } catch (error) {
      this.#shards = before;
      variables.release(fresh);
      throw error;
    }
    for (const [index, shard] of before.entries()) {
      if (shard !== next[index]) variables.release([shard.table, shard.terms]);
    }
    return true;
  }

  #make(rows: number, index: number): Shard {
    const isInt8 = this.#options.storage === "int8";
    const shape = [rows, isInt8 ? this.width / 4 : this.width];
    const name = `vectors ${index}`;
    return {
      rows,
      table: new Variable({ name, shape, dtype: isInt8 ? "int32" : "float32", trainable: false }),
      terms: new Variable({ name: `${name}: scale and bias`, shape: [rows, 2], trainable: false }),
    };
  }

  /** Copies rows `first` … `first + count - 1` of the store to the GPU. */
  write(first: number, count: number, store: RowStore<unknown>): void {
    const most = Math.max(1, Math.floor(PIECE_BYTES / (this.width * FLOAT_BYTES)));
    for (let row = first; row < first + count; ) {
      const { shard, at } = this.#placeOf(row);
      const piece = Math.min(most, first + count - row, shard.rows - at);
      this.#writePiece(shard, at, store.vectors(row, piece), piece);
      row += piece;
    }
  }

  #writePiece({ table, terms }: Shard, at: number, vectors: Float32Array, count: number): void {
    const { dimension, metric, storage } = this.#options;
    const { width } = this;
    const isInt8 = storage === "int8";
    const bytes = new Int8Array(isInt8 ? count * width : 0);
    const pairs = new Float32Array(count * 2);
    for (let row = 0; row < count; row++) {
      const vector = vectors.subarray(row * dimension, (row + 1) * dimension);
      const own = isInt8
        ? int8Terms(metric, vector, bytes.subarray(row * width, (row + 1) * width))
        : floatTerms(metric, vector);
      pairs.set([own.scale, own.bias], row * 2);
      this.bound.widen(own);
    }
    const variables = variablesOf(this.#device);
    const data = isInt8 ? new Int32Array(bytes.buffer) : padRows(vectors, dimension, width);
    variables.writeFrom(table, at * (isInt8 ? width / 4 : width), data);
    variables.writeFrom(terms, at * 2, pairs);
  }

  /** The mask's words of each shard: bit r % 32 of word r / 32 is row r of it. */
  masks(words: Int32Array): NdArray[] {
    let first = 0;
    return this.#shards.map(({ rows }) => {
      const data = words.subarray(first / 32, (first + rows) / 32);
      first += rows;
      return { shape: [rows / 32], data };
    });
  }

  /** Frees all buffers. */
  release(): void {
    variablesOf(this.#device).release(this.#shards.flatMap(({ table, terms }) => [table, terms]));
    this.#shards = [];
  }
}

/** Pads rows of `dimension` numbers with zeros to `width`; returns the same array if there is nothing to pad. */
export function padRows(rows: Float32Array, dimension: number, width: number): Float32Array {
  if (dimension === width) return rows;
  const count = rows.length / dimension;
  const padded = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    padded.set(rows.subarray(row * dimension, (row + 1) * dimension), row * width);
  }
  return padded;
}
