/** Computes a map of word vectors on the GPU: principal components and nearest neighbours. */
import { constantValue, type Device, type NdArray, ops, program, Random, type Value } from "sluice";
import type { WordMap } from "../messages/words.ts";

/** A word near another. */
export interface Neighbour {
  readonly id: number;
  /** The cosine similarity, from −1 to 1. */
  readonly cosine: number;
}

/** The number of squarings of the matrix, which raise the ratio of its eigenvalues to the power of 2¹². */
const SQUARINGS = 12;
/** Steps of the power iteration with the matrix itself, which correct the rounding errors of the squarings. */
const REFINEMENTS = 4;
const TINY = 1e-30;

const { add, broadcastTo, div, matmul, mean, mul, sqrt, square, sub, sum } = ops;

/** The column `[E, 1]` divided by its norm. */
function normalised(column: Value): Value {
  return div(column, add(sqrt(sum(square(column))), TINY));
}

/** The eigenvector `[E, 1]` of a symmetric matrix `[E, E]` that has the largest eigenvalue, and that eigenvalue. */
function largest(matrix: Value, start: Value, identity: Value): readonly [Value, Value] {
  const scaled = (value: Value) => div(value, add(sum(mul(value, identity)), TINY));
  let power = scaled(matrix);
  for (let time = 0; time < SQUARINGS; time++) power = scaled(matmul(power, power));
  let vector = normalised(matmul(power, start));
  for (let time = 0; time < REFINEMENTS; time++) vector = normalised(matmul(matrix, vector));
  return [vector, sum(mul(vector, matmul(matrix, vector)))];
}

/**
 * The first two principal components of vectors `[V, E]`, E at least 2: covariance, power iteration and projection are
 * one program. The same vectors always give the same map: its start is fixed, and of each axis the component with the
 * largest weight points to the right, or up. Source: Pearson 1901, "On lines and planes of closest fit to systems of
 * points in space".
 */
export async function mapWords(device: Device, vectors: NdArray): Promise<WordMap> {
  const [count, size] = vectors.shape as [number, number];
  const random = new Random(7);
  const start = constantValue({ shape: [size, 1], data: Float32Array.from({ length: size }, () => random.normal()) });
  const identity = constantValue({
    shape: [size, size],
    data: Float32Array.from({ length: size * size }, (_, at) => Number(at % (size + 1) === 0)),
  });
  const analyse = program(device, function principalComponents(x: Value) {
    const centred = sub(x, broadcastTo(mean(x, { axes: [0], keepDims: true }), [count, size]));
    const covariance = div(matmul(centred, centred, { transposeA: true }), Math.max(1, count - 1));
    const [first, firstVariance] = largest(covariance, start, identity);
    const rest = sub(covariance, mul(matmul(first, first, { transposeB: true }), firstVariance));
    const [second, secondVariance] = largest(rest, start, identity);
    const variance = sum(mul(covariance, identity));
    const axes = ops.concat([first, second], 1);
    return [matmul(centred, axes), axes, firstVariance, secondVariance, variance];
  });
  try {
    const [points, axes, first, second, all] = (await analyse(vectors)) as [
      NdArray,
      NdArray,
      NdArray,
      NdArray,
      NdArray,
    ];
    const share = ({ data }: NdArray) => (data[0] as number) / Math.max(TINY, all.data[0] as number);
    const signs = [signOf(axes, 0), signOf(axes, 1)] as const;
    const data = Float32Array.from(points.data, (value, at) => value * (signs[at % 2] as number));
    return { points: data, explained: [share(first), share(second)] };
  } finally {
    analyse.dispose();
  }
}

/** An eigenvector's sign is arbitrary; it is chosen so that the component with the largest weight is positive. */
function signOf({ data }: NdArray, axis: number): number {
  const column = Array.from(data).filter((_, at) => at % 2 === axis);
  return column.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0) < 0 ? -1 : 1;
}

/**
 * The words whose vectors have the largest cosine with that of `id`, the nearest first; ids below `from` are excluded.
 * @param vectors `[V, E]`.
 */
export async function neighboursOf(
  device: Device,
  vectors: NdArray,
  { id, count, from }: { readonly id: number; readonly count: number; readonly from: number },
): Promise<readonly Neighbour[]> {
  const [words, size] = vectors.shape as [number, number];
  const compare = program(device, function cosines(x: Value, y: Value) {
    const lengths = sqrt(sum(square(x), { axes: [1], keepDims: true }));
    return div(matmul(div(x, broadcastTo(add(lengths, TINY), [words, size])), y), add(sqrt(sum(square(y))), TINY));
  });
  try {
    const one = vectors.data.slice(id * size, (id + 1) * size);
    const { data } = (await compare(vectors, { shape: [size, 1], data: one })) as NdArray;
    return Array.from(data, (cosine, other): Neighbour => ({ id: other, cosine }))
      .filter(({ id: other }) => other >= from && other !== id)
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, count);
  } finally {
    compare.dispose();
  }
}
