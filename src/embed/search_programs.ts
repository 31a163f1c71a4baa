/**
 * The programs that search all shards for a batch of queries: they compute scores and select the best of each shard.
 */
import type { NdArray } from "../core/nd_array.ts";
import { input, type Value } from "../graph/operation.ts";
import { EXCLUDED_SCORE } from "../kernels/search/score_rows.ts";
import { scoreRows } from "../ops/search/score_rows.ts";
import { topK } from "../ops/search/top_k.ts";
import type { Device } from "../runtime/device.ts";
import { Program } from "../runtime/run/program.ts";
import { padRows, type Shards } from "./row_shards.ts";

/** The number of cached programs; each holds its scores on the GPU. */
const MOST_PROGRAMS = 4;

/** The candidates of one query. */
export interface Candidates {
  /** Rows of the index. */
  readonly rows: readonly number[];
  /** No other row of the mask has a higher score on the GPU; -Infinity if the candidates are all of them. */
  readonly highestLeft: number;
}

/** A compiled search for one batch size and number of candidates. */
interface SearchProgram {
  readonly program: Program;
  readonly queries: Value;
  readonly masks: readonly Value[];
}

/** Compiles programs by batch size and number of candidates, and caches the most recently used ones. */
export class SearchPrograms {
  readonly #device: Device;
  readonly #shards: Shards;
  readonly #dimension: number;
  readonly #programs = new Map<string, SearchProgram>();

  constructor(device: Device, shards: Shards, dimension: number) {
    this.#device = device;
    this.#shards = shards;
    this.#dimension = dimension;
  }

  /**
   * The best `count` of each shard for each query, by the GPU's scores.
   * @param queries rows of `dimension` numbers
   * @param mask the rows to search, a bit for each row of the shards' capacity
   */
  async search(queries: Float32Array, count: number, mask: Int32Array): Promise<Candidates[]> {
    const asked = queries.length / this.#dimension;
    // Round the batch size up, so that few programs are compiled.
    const batch = 2 ** Math.ceil(Math.log2(asked));
    const { program, queries: fed, masks } = await this.#programFor(batch, count);
    const { width } = this.#shards;
    const rows = new Float32Array(batch * width);
    rows.set(padRows(queries, this.#dimension, width));
    const feeds = new Map<Value, NdArray>([[fed, { shape: [batch, width], data: rows }]]);
    for (const [index, words] of this.#shards.masks(mask).entries()) feeds.set(masks[index] as Value, words);
    const outputs = await program.run(feeds);
    return Array.from({ length: asked }, (_, query) => {
      const found: number[] = [];
      let highestLeft = Number.NEGATIVE_INFINITY;
      let first = 0;
      for (const [index, shard] of this.#shards.list.entries()) {
        const k = Math.min(count, shard.rows);
        const scores = outputs[2 * index]?.data.subarray(query * k, (query + 1) * k) ?? [];
        const places = outputs[2 * index + 1]?.data.subarray(query * k, (query + 1) * k) ?? [];
        let lowest = Number.POSITIVE_INFINITY;
        for (const [at, score] of scores.entries()) {
          if (score !== EXCLUDED_SCORE) found.push(first + (places[at] as number));
          lowest = Math.min(lowest, score);
        }
        // A shard that returned a row outside the mask has no further rows.
        if (lowest !== EXCLUDED_SCORE && k < shard.rows) highestLeft = Math.max(highestLeft, lowest);
        first += shard.rows;
      }
      return { rows: found, highestLeft };
    });
  }

  async #programFor(batch: number, count: number): Promise<SearchProgram> {
    const key = `${batch} ${count}`;
    const known = this.#programs.get(key);
    if (known !== undefined) {
      this.#programs.delete(key);
      this.#programs.set(key, known);
      return known;
    }
    const queries = input("queries", [batch, this.#shards.width]);
    const masks = this.#shards.list.map(({ rows }, index) => input(`mask ${index}`, [rows / 32], "int32"));
    const outputs = this.#shards.list.flatMap(({ rows, table, terms }, index) => {
      const mask = masks[index] as Value;
      const scores = scoreRows({ table: table.value, terms: terms.value, mask, queries });
      const { values, indices } = topK(scores, Math.min(count, rows));
      return [values, indices];
    });
    const graph = { outputs, updates: [] };
    const label = `search for ${batch}`;
    const program = await Program.compile(this.#device, graph, { label, inputs: [queries, ...masks] });
    const fresh = { program, queries, masks };
    this.#programs.set(key, fresh);
    for (const [oldest, { program: unused }] of this.#programs) {
      if (this.#programs.size <= MOST_PROGRAMS) break;
      unused.dispose();
      this.#programs.delete(oldest);
    }
    return fresh;
  }

  /** Frees all programs. */
  clear(): void {
    for (const { program } of this.#programs.values()) program.dispose();
    this.#programs.clear();
  }
}
