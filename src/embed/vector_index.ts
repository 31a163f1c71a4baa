/** Exact search over vectors on the GPU. */
import { ValueError } from "../core/errors.ts";
import { toFormatError } from "../core/json_check.ts";
import { readOptions, readValue } from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import { ownMemory } from "../core/own_memory.ts";
import type { Source } from "../platform/open_source.ts";
import type { Device } from "../runtime/device.ts";
import { deviceKind } from "../runtime/device_kind.ts";
import { recovering } from "../runtime/recover/recovery.ts";
import { searchExactly } from "./exact_search.ts";
import { RowStore, type VectorId } from "./host_rows.ts";
import { Shards } from "./row_shards.ts";
import type { VectorStorage } from "./score_bounds.ts";
import { SearchPrograms } from "./search_programs.ts";
import { Turns } from "./serial_turns.ts";
import type { Metric } from "./similarity.ts";
import { checkCount, listOf, rangesOf } from "./vector_index_checks.ts";
import { type IndexFile, packIndex, readIndexSource, writeIndexFile } from "./vector_index_file.ts";
import { checkMask, IndexMask, type IndexState, maskOf, type VectorPredicate } from "./vector_index_mask.ts";
import {
  INDEX,
  type IndexEntry,
  LOAD,
  type LoadIndexOptions,
  type SearchHit,
  type SearchOptions,
  searchOptions,
  type VectorIndexOptions,
} from "./vector_index_options.ts";
import { toRows, type VectorsLike } from "./vector_rows.ts";

/**
 * An exact vector index. Vectors are stored under ids and searched exactly: for every query the k nearest by cosine,
 * dot product or Euclidean distance, ordered by float64 similarity, equal ones by id (numbers before strings). There is
 * no build step and nothing is approximated.
 *
 * Calls may overlap; they run one after the other in call order. If a call throws, the index is unchanged. The vectors
 * are also stored on the host: after a device loss they are uploaded again, and the current call continues. Do not
 * change arrays that you pass until the call's promise has settled.
 *
 * @example
 * const index = new VectorIndex<{ title: string }>(device, { dimension: 384 });
 * await index.add(["a", "b"], vectors, [{ title: "First" }, { title: "Second" }]);
 * const [hits] = await index.search(query, { k: 10 });
 * console.log(hits[0].id, hits[0].score, hits[0].metadata?.title);
 */
export class VectorIndex<M = unknown> {
  readonly dimension: number;
  readonly metric: Metric;
  readonly storage: VectorStorage;
  readonly #store: RowStore<M>;
  readonly #shards: Shards;
  readonly #programs: SearchPrograms;
  readonly #device: Device;
  readonly #forget: () => void;
  readonly #turns = new Turns("index", () => this.#release());
  #state: IndexState = {};

  /** @throws ValueError for an invalid dimension, metric or storage. */
  constructor(device: Device, options: VectorIndexOptions) {
    readValue("new VectorIndex", "device", deviceKind, device);
    const { dimension, metric, storage, maxBufferBytes } = readOptions("new VectorIndex(device)", INDEX, options);
    this.dimension = dimension;
    this.metric = metric;
    this.storage = storage;
    this.#device = device;
    this.#store = new RowStore(dimension);
    this.#shards = new Shards(device, { dimension, metric, storage, maxBufferBytes });
    this.#programs = new SearchPrograms(device, this.#shards, dimension);
    this.#forget = device.onDispose(() => this.dispose());
  }

  /**
   * Reads a saved index: from a path (Node, Deno), a URL, a Blob or File, a stream, bytes, or the files of
   * `openBrowserSaves`.
   * @throws FormatError if it is not an index, truncated, damaged, of a newer version, or longer than `maxBytes`.
   * @throws FileError if it cannot be read; OutOfMemoryError when it does not fit into the GPU's memory.
   * @example
   * const index = await VectorIndex.load("titles.index", { device });
   */
  static async load<M = unknown>(
    source: Source | ReadonlyMap<string, Uint8Array>,
    options: LoadIndexOptions,
  ): Promise<VectorIndex<M>> {
    const { device, maxBytes, maxBufferBytes } = readOptions("VectorIndex.load(source)", LOAD, options);
    const { ids, metadata, vectors, ...kind } = await readIndexSource(source, maxBytes);
    let index: VectorIndex<M> | undefined;
    try {
      index = new VectorIndex<M>(device, { ...kind, maxBufferBytes });
      if (ids.length > 0) await index.add(ids, vectors, metadata as (M | undefined)[]);
      return index;
    } catch (error) {
      index?.dispose();
      throw toFormatError("the saved index", error);
    }
  }

  /** The number of vectors. */
  get size(): number {
    return this.#store.size;
  }

  /** The ids, in no particular order. */
  get ids(): readonly VectorId[] {
    return [...this.#store.ids];
  }

  /** True if a vector has this id. */
  has(id: VectorId): boolean {
    return this.#store.rowOf(id) !== undefined;
  }

  /** A copy of the vector of an id; undefined if there is none. */
  get(id: VectorId): IndexEntry<M> | undefined {
    const row = this.#store.rowOf(id);
    if (row === undefined) return undefined;
    return { id, vector: this.#store.vectors(row).slice(), metadata: this.#store.metadataOf(row) };
  }

  /**
   * Adds vectors under new ids. Takes one id and its vector, or equally many ids and vectors.
   * @param metadata any value for each vector; JSON if the index is to be saved
   * @throws ValueError if an id exists already, occurs twice, or is not a string or finite number; when a vector is not
   * finite.
   * @throws ShapeError if a vector's dimension differs from the index's.
   * @throws DeviceError if the GPU is out of memory.
   */
  add(id: VectorId, vector: VectorsLike, metadata?: M): Promise<void>;
  add(ids: readonly VectorId[], vectors: VectorsLike, metadata?: readonly (M | undefined)[]): Promise<void>;
  add(ids: VectorId | readonly VectorId[], vectors: VectorsLike, metadata?: unknown): Promise<void> {
    return this.#turnOnDevice("add", async () => {
      const change = this.#changeOf("add", ids, vectors, metadata);
      const known = change.ids.find((id) => this.#store.rowOf(id) !== undefined);
      if (known !== undefined) {
        throw new ValueError(
          `VectorIndex.add: the id ${shown(known)} exists already; use update() to replace its vector`,
          {
            id: known,
          },
        );
      }
      const first = this.size;
      const rows = first + change.ids.length;
      checkCount("add", rows);
      this.#store.reserve(rows);
      if (await this.#shards.reserve(rows, this.#store)) this.#programs.clear();
      this.#device.assertUsable();
      for (const [at, id] of change.ids.entries()) this.#store.append(id, change.vector(at), change.metadata?.[at]);
      this.#changed([[first, change.ids.length]]);
    });
  }

  /**
   * Replaces the vectors of ids, and their metadata if given.
   * @throws ValueError if an id does not exist or occurs twice, or a vector is not finite; ShapeError for another
   * dimension.
   */
  update(id: VectorId, vector: VectorsLike, metadata?: M): Promise<void>;
  update(ids: readonly VectorId[], vectors: VectorsLike, metadata?: readonly (M | undefined)[]): Promise<void>;
  update(ids: VectorId | readonly VectorId[], vectors: VectorsLike, metadata?: unknown): Promise<void> {
    return this.#turnOnDevice("update", async () => {
      const change = this.#changeOf("update", ids, vectors, metadata);
      const rows = change.ids.map((id) => this.#rowOf("update", id));
      for (const [at, row] of rows.entries()) {
        this.#store.replace(row, change.vector(at));
        if (change.metadata !== undefined) this.#store.setMetadata(row, change.metadata[at]);
      }
      this.#changed(rangesOf(rows));
    });
  }

  /**
   * Removes vectors.
   * @throws ValueError if an id does not exist or occurs twice; the index is then unchanged.
   */
  remove(ids: VectorId | readonly VectorId[]): Promise<void> {
    return this.#turnOnDevice("remove", async () => {
      const list = listOf("remove", ids);
      for (const id of list) this.#rowOf("remove", id);
      // The last row moves into the place of a removed one; such rows are written again.
      const moved = list.map((id) => this.#store.remove(id));
      this.#changed(rangesOf([...new Set(moved)].filter((row) => row < this.size)));
    });
  }

  /**
   * The k nearest vectors of each query, nearest first; fewer if the index or the filter has fewer. With cosine, a
   * query of zeros is equally far from all vectors.
   * @param queries one vector or several; a flat array holds one query per `dimension` numbers
   * @returns one list of hits per query, even for a single query
   * @throws ShapeError if a query's dimension differs from the index's.
   * @throws ValueError if a query is not finite, k is not a whole number of at least 1, or the index has changed since
   * a mask was made.
   */
  search(queries: VectorsLike, options: SearchOptions<M> = {}): Promise<SearchHit<M>[][]> {
    return this.#turnOnDevice("search", async () => {
      const { k, filter } = readOptions("VectorIndex.search(queries)", searchOptions<M>(), options);
      // A copy: the queries may be transferred before the host scores the candidates.
      const rows = toRows(queries, this.dimension, "VectorIndex.search").slice();
      if (filter instanceof IndexMask) checkMask(filter, this.#state);
      const { words } = filter instanceof IndexMask ? filter : maskOf("search", this.#store, this.#state, filter);
      const mask = new Int32Array(this.#shards.rows / 32);
      mask.set(words);
      const { bound } = this.#shards;
      const searched = { store: this.#store, programs: this.#programs, bound, metric: this.metric, mask };
      const found = await searchExactly(searched, rows, Math.min(k, Math.max(1, this.size)));
      return found.map((ranked) =>
        ranked.map(({ row, score }) => {
          const metadata = this.#store.metadataOf(row);
          return { id: this.#store.idOf(row), score, metadata };
        }),
      );
    });
  }

  /**
   * Evaluates a filter for several searches of this index. The mask is valid until the index changes.
   * @example
   * const recent = index.mask((_, metadata) => (metadata?.year ?? 0) > 2000);
   * const hits = await index.search(queries, { k: 5, filter: recent });
   */
  mask(predicate: VectorPredicate<M>): IndexMask {
    this.#turns.assertOpen("VectorIndex.mask");
    return maskOf("mask", this.#store, this.#state, predicate);
  }

  /**
   * The index as bytes, for `VectorIndex.load`.
   * @throws ValueError if metadata is not JSON: values that would not be restored unchanged, such as a Date, a Map or
   * NaN.
   */
  toBytes(): Promise<Uint8Array> {
    return this.#turns.take("VectorIndex.toBytes", () => packIndex(this.#contents()));
  }

  /**
   * The same as files by name, for `openBrowserSaves`.
   * @example
   * await saves.save("titles", await index.toFiles());
   * const again = await VectorIndex.load(await saves.load("titles"), { device });
   */
  async toFiles(): Promise<Map<string, Uint8Array>> {
    return writeIndexFile(await this.toBytes());
  }

  /**
   * Saves to a file atomically (Node, Deno): the old file stays intact until the new one is complete.
   * @throws FileError if it cannot be written, or in a browser; use `toFiles` or `toBytes` there.
   */
  async save(path: string): Promise<void> {
    if (typeof path !== "string") throw new ValueError(`VectorIndex.save: got ${shown(path)}; expected a path`);
    const bytes = await this.toBytes();
    const { openFileSystem } = await import("../platform/file_system.ts");
    await (await openFileSystem()).writeFileAtomic(path, bytes);
  }

  /**
   * Frees the GPU's memory and empties the index. A running call finishes first, waiting calls reject. Does nothing
   * when called again.
   */
  dispose(): void {
    this.#turns.close();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #release(): void {
    this.#forget();
    this.#programs.clear();
    this.#shards.release();
    this.#store.clear();
  }

  /** Runs work on the GPU that changes nothing before its end, so that it can be repeated after a device loss. */
  #turnOnDevice<T>(call: string, work: () => Promise<T>): Promise<T> {
    const what = `VectorIndex.${call}`;
    const check = () => this.#turns.assertOpen(what);
    return this.#turns.take(what, () => recovering(this.#device, work, { check }));
  }

  /** Uploads rows that changed in the store. */
  #changed(ranges: readonly (readonly [first: number, count: number])[]): void {
    this.#state = {};
    for (const [first, count] of ranges) this.#shards.write(first, count, this.#store);
  }

  #changeOf(what: string, ids: VectorId | readonly VectorId[], vectors: VectorsLike, metadata: unknown) {
    const list = listOf(what, ids);
    const rows = toRows(vectors, this.dimension, `VectorIndex.${what}`);
    const count = rows.length / this.dimension;
    if (count !== list.length) {
      throw new ValueError(
        `VectorIndex.${what}: got ${list.length} ids and ${count} vectors of ${this.dimension} numbers; expected one ` +
          "id a vector",
        { ids: list.length, vectors: count },
      );
    }
    const values = Array.isArray(ids) || metadata === undefined ? metadata : [metadata];
    if (values !== undefined && (!Array.isArray(values) || values.length !== list.length)) {
      const came = Array.isArray(values) ? `a list of ${values.length}` : shown(values);
      throw new ValueError(
        `VectorIndex.${what}: the metadata is ${came}; expected a list of ${list.length}: one value per id, ` +
          "undefined for none",
      );
    }
    const vector = (at: number) =>
      ownMemory(rows, `VectorIndex.${what}`).subarray(at * this.dimension, (at + 1) * this.dimension);
    return { ids: list, vector, metadata: values as readonly (M | undefined)[] | undefined };
  }

  #rowOf(what: string, id: VectorId): number {
    const row = this.#store.rowOf(id);
    if (row === undefined)
      throw new ValueError(`VectorIndex.${what}: the id ${shown(id)} does not exist; use add() for new ids`, { id });
    return row;
  }

  #contents(): IndexFile {
    const { dimension, metric, storage } = this;
    const rows = this.#store;
    const metadata = rows.ids.map((_, row) => rows.metadataOf(row));
    return { dimension, metric, storage, ids: rows.ids, metadata, vectors: rows.vectors(0, rows.size) };
  }
}
