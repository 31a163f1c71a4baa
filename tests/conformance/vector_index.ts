/** VectorIndex against a plain loop over the same vectors in float64. */
import { type Metric, similarity, type VectorId, VectorIndex, type VectorStorage } from "../../src/embed/index.ts";
import { type Device, Random } from "../../src/index.ts";
import type { ConformanceCase } from "./case.ts";

/** What an index must answer: every vector is looked at, in float64. */
export class PlainIndex {
  readonly metric: Metric;
  readonly vectors = new Map<VectorId, Float32Array>();

  constructor(metric: Metric) {
    this.metric = metric;
  }

  search(query: Float32Array, k: number, filter: (id: VectorId) => boolean = () => true): [VectorId, number][] {
    const before = (a: VectorId, b: VectorId) =>
      typeof a === typeof b ? (a < b ? -1 : 1) : typeof a === "number" ? -1 : 1;
    return [...this.vectors]
      .filter(([id]) => filter(id))
      .map(([id, vector]): [VectorId, number] => [id, similarity(this.metric, query, vector)])
      .sort(([a, x], [b, y]) => y - x || before(a, b))
      .slice(0, k);
  }
}

/** @throws Error unless the index finds what the plain one does, in its order, with its scores. */
export async function expectSameSearch(
  index: VectorIndex,
  plain: PlainIndex,
  queries: Float32Array,
  k: number,
  filter?: (id: VectorId) => boolean,
): Promise<void> {
  const found = await index.search(queries, { k, ...(filter && { filter }) });
  const { dimension } = index;
  if (found.length !== queries.length / dimension) throw new Error(`${found.length} lists of hits`);
  for (const [at, hits] of found.entries()) {
    const query = queries.subarray(at * dimension, (at + 1) * dimension);
    const came = JSON.stringify(hits.map(({ id, score }) => [id, score]));
    const wanted = JSON.stringify(plain.search(query, k, filter));
    if (came !== wanted) throw new Error(`query ${at} of ${found.length}, k ${k}: found ${came}; expected ${wanted}`);
  }
}

export const drawVectors = (random: Random, count: number, dimension: number) =>
  Float32Array.from({ length: count * dimension }, () => random.normal());

const METRICS: readonly Metric[] = ["cosine", "dot", "l2"];

async function searches(device: Device, metric: Metric, storage: VectorStorage): Promise<void> {
  const [count, dimension] = [1500, 21];
  const random = new Random(7);
  const vectors = drawVectors(random, count, dimension);
  // Equal vectors, for ties by id; a vector of zeros; and some that lie close together.
  vectors.copyWithin(40 * dimension, 0, 30 * dimension);
  vectors.fill(0, 80 * dimension, 81 * dimension);
  for (let i = 100 * dimension; i < 140 * dimension; i++) {
    vectors[i] = (vectors[i % dimension] as number) + 1e-6 * random.normal();
  }
  const ids = Array.from({ length: count }, (_, row) => (row % 3 === 0 ? `id ${row}` : count - row));
  const plain = new PlainIndex(metric);
  for (const [row, id] of ids.entries())
    plain.vectors.set(id, vectors.subarray(row * dimension, (row + 1) * dimension));
  // Space for 512 rows a buffer, of 64 scores each.
  using index = new VectorIndex(device, { dimension, metric, storage, maxBufferBytes: 512 * 256 });
  await index.add(ids.slice(0, 100), vectors.subarray(0, 100 * dimension));
  await index.add(ids.slice(100), vectors.subarray(100 * dimension));
  const queries = vectors.slice(0, 5 * dimension);
  queries.set(drawVectors(random, 4, dimension), dimension);
  await expectSameSearch(index, plain, queries.subarray(0, dimension), 10);
  await expectSameSearch(index, plain, queries, 50);
  await expectSameSearch(index, plain, queries, 10, (id) => typeof id === "string");
  await expectSameSearch(index, plain, queries, 10, (id) => id === 77 || id === "id 300");
  await index.remove(ids.slice(0, 60));
  for (const id of ids.slice(0, 60)) plain.vectors.delete(id);
  await index.update([...ids.slice(90, 92)], queries.subarray(0, 2 * dimension));
  plain.vectors.set(ids[90] as VectorId, queries.slice(0, dimension));
  plain.vectors.set(ids[91] as VectorId, queries.slice(dimension, 2 * dimension));
  await expectSameSearch(index, plain, queries, 10);
}

/** The index in every runtime. */
export const vectorIndexCases: readonly ConformanceCase[] = METRICS.flatMap((metric) =>
  (["float32", "int8"] as const).map((storage) => ({
    name: `vector index: ${metric}, ${storage}: the order is the float64 reference's`,
    run: (device: Device) => searches(device, metric, storage),
  })),
);
