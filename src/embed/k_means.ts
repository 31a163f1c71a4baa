/** Clustering by k-means on the GPU. */
import { ValueError } from "../core/errors.ts";
import {
  integer,
  positive,
  readOptions,
  readValue,
  required,
  type TableOf,
  withDefault,
} from "../core/option_table.ts";
import { Random } from "../core/random.ts";
import { input, Variable } from "../graph/operation.ts";
import { scatterAdd } from "../ops/data/gather.ts";
import { add, mul, sub } from "../ops/elementwise/arithmetic.ts";
import { matmul } from "../ops/matmul/matmul.ts";
import { argmax, sum } from "../ops/reduce/reduce.ts";
import type { Device } from "../runtime/device.ts";
import { deviceKind } from "../runtime/device_kind.ts";
import { recovering } from "../runtime/recover/recovery.ts";
import { Program } from "../runtime/run/program.ts";
import { variablesOf } from "../runtime/run/variables.ts";
import { dimensionKind } from "./argument_checks.ts";
import { toRows, type VectorsLike } from "./vector_rows.ts";

/** Options of `kMeans`. */
export interface KMeansOptions {
  /** The dimension of the vectors. */
  readonly dimension: number;
  /** The number of clusters. */
  readonly k: number;
  /** The seed of the first centroids; 0 by default. The same seed gives the same result on the same adapter. */
  readonly seed?: number;
  /** 100 by default. */
  readonly maxIterations?: number;
}

const K_MEANS = {
  dimension: required(dimensionKind),
  k: required(positive),
  seed: withDefault(integer, 0),
  maxIterations: withDefault(positive, 100),
} satisfies TableOf<KMeansOptions>;

/** The result of `kMeans`. */
export interface KMeansResult {
  /** k rows of `dimension` numbers. */
  readonly centroids: Float32Array;
  /** The cluster of each vector. */
  readonly assignments: Int32Array;
  /** The number of vectors in each cluster, at least one. */
  readonly sizes: Int32Array;
  /** The sum of the squared distances of vectors to their centroids. */
  readonly inertia: number;
  readonly iterations: number;
  /** False if `maxIterations` was reached first. */
  readonly converged: boolean;
}

/**
 * Groups vectors around k centroids (Lloyd 1982), with initial centroids chosen by k-means++ (Arthur and Vassilvitskii
 * 2007). A cluster that loses all its vectors gets the vector that is farthest from its centroid. After a device loss
 * the current pass is repeated; the result is the same.
 *
 * @throws ValueError if k is not a whole number from 1 to the number of vectors, or a vector is not finite.
 * @throws ShapeError if a vector has another width; OutOfMemoryError when the vectors do not fit into the GPU's memory.
 * @example
 * const { assignments } = await kMeans(device, vectors, { dimension: 384, k: 20 });
 */
export async function kMeans(device: Device, vectors: VectorsLike, options: KMeansOptions): Promise<KMeansResult> {
  readValue("kMeans", "device", deviceKind, device);
  const { dimension, k, seed, maxIterations } = readOptions("kMeans(device, vectors)", K_MEANS, options);
  const rows = toRows(vectors, dimension, "kMeans");
  const count = rows.length / dimension;
  if (k > count) {
    const expected =
      count === 0 ? "at least one vector, got none" : `a whole number from 1 to ${count}, the number of vectors`;
    throw new ValueError(`kMeans: k is ${k}; expected ${expected}`, { k, count });
  }
  const blocks = await recovering(device, () => Blocks.upload(device, rows, dimension, k));
  try {
    let centroids = await firstCentroids(blocks, rows, dimension, k, new Random(seed));
    let before: Int32Array | undefined;
    for (let iterations = 1; ; iterations++) {
      const { assignments, sums } = await blocks.assign(centroids);
      const sizes = fillEmpty(assignments, sums, rows, centroids, dimension, k);
      const converged = before !== undefined && assignments.every((cluster, row) => cluster === before?.[row]);
      if (converged || iterations === maxIterations) {
        const inertia = squaredDistances(rows, centroids, assignments, dimension).reduce(
          (total, one) => total + one,
          0,
        );
        return { centroids, assignments, sizes, inertia, iterations, converged };
      }
      before = assignments;
      centroids = Float32Array.from(sums, (total, at) => total / (sizes[Math.floor(at / dimension)] as number));
    }
  } finally {
    blocks.dispose();
  }
}

/**
 * Picks the first centroid at random, and each further one with probability proportional to its squared distance to the
 * nearest so far.
 */
async function firstCentroids(blocks: Blocks, rows: Float32Array, dimension: number, k: number, random: Random) {
  const count = rows.length / dimension;
  const centroids = new Float32Array(k * dimension);
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let chosen = random.integer(count);
  for (let cluster = 0; ; cluster++) {
    const centroid = rows.subarray(chosen * dimension, (chosen + 1) * dimension);
    centroids.set(centroid, cluster * dimension);
    if (cluster === k - 1) return centroids;
    const distances = await blocks.distances(centroid);
    let total = 0;
    for (const [row, distance] of distances.entries()) {
      nearest[row] = Math.min(nearest[row] as number, distance);
      total += nearest[row] as number;
    }
    let left = random.uniform() * total;
    // If all vectors are centroids already, any vector will do.
    chosen = nearest.findIndex((distance) => {
      left -= distance;
      return left < 0;
    });
    if (chosen < 0) chosen = random.integer(count);
  }
}

/**
 * Gives each empty cluster the vector that is farthest from its centroid, of a cluster with others. @returns the sizes
 */
function fillEmpty(
  assignments: Int32Array,
  sums: Float64Array,
  rows: Float32Array,
  centroids: Float32Array,
  dimension: number,
  k: number,
): Int32Array {
  const sizes = new Int32Array(k);
  for (const cluster of assignments) sizes[cluster] = (sizes[cluster] as number) + 1;
  if (!sizes.includes(0)) return sizes;
  const far = squaredDistances(rows, centroids, assignments, dimension);
  const order = Array.from(far.keys()).sort((a, b) => (far[b] as number) - (far[a] as number) || a - b);
  let next = 0;
  for (let cluster = 0; cluster < k; cluster++) {
    if (sizes[cluster] !== 0) continue;
    while ((sizes[assignments[order[next] as number] as number] as number) < 2) next++;
    const row = order[next++] as number;
    const from = assignments[row] as number;
    assignments[row] = cluster;
    sizes[from] = (sizes[from] as number) - 1;
    sizes[cluster] = 1;
    for (let i = 0; i < dimension; i++) {
      const number = rows[row * dimension + i] as number;
      sums[from * dimension + i] = (sums[from * dimension + i] as number) - number;
      sums[cluster * dimension + i] = number;
    }
  }
  return sizes;
}

function squaredDistances(rows: Float32Array, centroids: Float32Array, assignments: Int32Array, dimension: number) {
  return Float64Array.from(assignments, (cluster, row) => {
    let distance = 0;
    for (let i = 0; i < dimension; i++) {
      distance += ((rows[row * dimension + i] as number) - (centroids[cluster * dimension + i] as number)) ** 2;
    }
    return distance;
  });
}

/** The vectors on the GPU, in blocks whose buffers fit the device's limits, with the two programs over each. */
class Blocks {
  readonly #device: Device;
  readonly #dimension: number;
  readonly #k: number;
  readonly #parts: {
    readonly variable: Variable;
    readonly rows: number;
    readonly assign: Program;
    readonly distances: Program;
  }[] = [];
  readonly #centroids;
  readonly #biases;
  readonly #centroid;

  private constructor(device: Device, dimension: number, k: number) {
    this.#device = device;
    this.#dimension = dimension;
    this.#k = k;
    this.#centroids = input("centroids", [k, dimension]);
    this.#biases = input("biases", [k, 1]);
    this.#centroid = input("centroid", [dimension]);
  }

  static async upload(device: Device, rows: Float32Array, dimension: number, k: number): Promise<Blocks> {
    const blocks = new Blocks(device, dimension, k);
    const limit = Math.min(device.traits.limits.maxStorageBufferBindingSize, device.gpu.limits.maxBufferSize);
    const most = Math.max(1, Math.floor(limit / (4 * Math.max(dimension, k))));
    try {
      for (let first = 0; first < rows.length / dimension; first += most) {
        await blocks.#add(rows.subarray(first * dimension, (first + most) * dimension));
      }
      return blocks;
    } catch (error) {
      blocks.dispose();
      throw error;
    }
  }

  async #add(data: Float32Array): Promise<void> {
    const rows = data.length / this.#dimension;
    const shape = [rows, this.#dimension];
    const variable = new Variable({ name: "vectors", shape, trainable: false, initial: () => ({ shape, data }) });
    const x = variable.value;
    // The nearest centroid has the largest x·c - ‖c‖² / 2.
    const nearest = argmax(add(matmul(this.#centroids, x, { transposeB: true }), this.#biases), 0);
    const apart = sub(x, this.#centroid);
    const assign = { outputs: [nearest, scatterAdd(x, nearest, this.#k)], updates: [] };
    const distances = { outputs: [sum(mul(apart, apart), { axes: [1] })], updates: [] };
    const compile = (graph: typeof assign, inputs: Parameters<typeof Program.compile>[2]["inputs"]) =>
      Program.compile(this.#device, graph, { label: "kMeans", inputs });
    const first = await compile(assign, [this.#centroids, this.#biases]);
    try {
      this.#parts.push({ variable, rows, assign: first, distances: await compile(distances, [this.#centroid]) });
    } catch (error) {
      first.dispose();
      variablesOf(this.#device).release([variable]);
      throw error;
    }
  }

  /** Computes the nearest centroid of each vector, and the sum of each centroid's vectors. */
  assign(centroids: Float32Array) {
    return recovering(this.#device, () => this.#assign(centroids));
  }

  async #assign(centroids: Float32Array) {
    const [k, dimension] = [this.#k, this.#dimension];
    const biases = Float32Array.from({ length: k }, (_, cluster) => {
      const own = centroids.subarray(cluster * dimension, (cluster + 1) * dimension);
      return -own.reduce((squares, number) => squares + number ** 2, 0) / 2;
    });
    const feeds = new Map([
      [this.#centroids, { shape: [k, dimension], data: centroids }],
      [this.#biases, { shape: [k, 1], data: biases }],
    ]);
    const assignments = new Int32Array(this.#parts.reduce((count, { rows }) => count + rows, 0));
    const sums = new Float64Array(k * dimension);
    let first = 0;
    for (const { assign, rows } of this.#parts) {
      const [nearest, own] = await assign.run(feeds);
      assignments.set(nearest?.data ?? [], first);
      for (const [at, total] of (own?.data ?? []).entries()) sums[at] = (sums[at] as number) + total;
      first += rows;
    }
    return { assignments, sums };
  }

  /** Computes the squared distance of each vector to a centroid. */
  distances(centroid: Float32Array): Promise<Float64Array> {
    return recovering(this.#device, () => this.#distances(centroid));
  }

  async #distances(centroid: Float32Array): Promise<Float64Array> {
    const all: number[] = [];
    for (const { distances } of this.#parts) {
      const [own] = await distances.run(new Map([[this.#centroid, { shape: [this.#dimension], data: centroid }]]));
      for (const distance of own?.data ?? []) all.push(distance);
    }
    return Float64Array.from(all);
  }

  dispose(): void {
    for (const { variable, assign, distances } of this.#parts) {
      assign.dispose();
      distances.dispose();
      variablesOf(this.#device).release([variable]);
    }
  }
}
