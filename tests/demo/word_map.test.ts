/** The map of words against principal components and cosines worked out in float64, by Jacobi's rotations. */
import { beforeAll, expect, test } from "vitest";
import { mapWords, neighboursOf } from "../../demo/worker/word_map.ts";
import { type Device, type NdArray, Random } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

/** Vectors that spread most along mixed directions of their own. */
function vectors(count: number, size: number, seed: number): NdArray {
  const random = new Random(seed);
  const mix = Array.from({ length: size * size }, (_, at) => random.normal() / (1 + (at % size)));
  const rows = Array.from({ length: count }, () => {
    const own = Array.from({ length: size }, () => random.normal());
    return own.map(
      (_, column) => 3 + own.reduce((sum, value, row) => sum + value * (mix[column * size + row] as number), 0),
    );
  });
  return { shape: [count, size], data: Float32Array.from(rows.flat()) };
}

/** Eigenvalues and eigenvectors of a symmetric matrix, the largest first (Jacobi 1846). */
function eigen(matrix: number[][]): { value: number; vector: number[] }[] {
  const size = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = a.map((row, i) => row.map((_, j) => Number(i === j)));
  const at = (m: number[][], i: number, j: number) => (m[i] as number[])[j] as number;
  const rotate = (m: number[][], c: number, s: number, pick: (k: number) => [number[], number, number[], number]) => {
    for (let k = 0; k < size; k++) {
      const [row, i, other, j] = pick(k);
      const [x, y] = [row[i] as number, other[j] as number];
      row[i] = c * x - s * y;
      other[j] = s * x + c * y;
    }
    return m;
  };
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        const angle = 0.5 * Math.atan2(2 * at(a, p, q), at(a, q, q) - at(a, p, p));
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        rotate(a, c, s, (k) => [a[k] as number[], p, a[k] as number[], q]);
        rotate(a, c, s, (k) => [a[p] as number[], k, a[q] as number[], k]);
        rotate(v, c, s, (k) => [v[k] as number[], p, v[k] as number[], q]);
      }
    }
  }
  return a
    .map((row, i) => ({ value: row[i] as number, vector: v.map((each) => each[i] as number) }))
    .sort((x, y) => y.value - x.value);
}

test.each([
  [257, 7],
  [65, 32],
])("%i words of %i numbers", async (count, size) => {
  const given = vectors(count, size, count);
  const rows = Array.from({ length: count }, (_, row) => Array.from(given.data.slice(row * size, (row + 1) * size)));
  const means = rows[0]?.map((_, j) => rows.reduce((sum, row) => sum + (row[j] as number), 0) / count) as number[];
  const centred = rows.map((row) => row.map((value, j) => value - (means[j] as number)));
  const covariance = means.map((_, i) =>
    means.map((__, j) => centred.reduce((sum, row) => sum + (row[i] as number) * (row[j] as number), 0) / (count - 1)),
  );
  const found = eigen(covariance);
  const all = found.reduce((sum, { value }) => sum + value, 0);

  const map = await mapWords(device, given);
  for (const axis of [0, 1]) {
    const { value, vector } = found[axis] as { value: number; vector: number[] };
    expect(map.explained[axis]).toBeCloseTo(value / all, 4);
    const largest = vector.reduce((best, each) => (Math.abs(each) > Math.abs(best) ? each : best), 0);
    for (const [row, values] of centred.entries()) {
      const wanted = Math.sign(largest) * values.reduce((sum, each, j) => sum + each * (vector[j] as number), 0);
      expect(Math.abs((map.points[2 * row + axis] as number) - wanted)).toBeLessThan(2e-3 * Math.sqrt(value));
    }
  }
  expect(await mapWords(device, given)).toEqual(map);
});

test("neighbours by cosine, the nearest first, without those that are no words", async () => {
  const given = vectors(65, 7, 3);
  const row = (id: number) => Array.from(given.data.slice(7 * id, 7 * id + 7));
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);
  const cosine = (a: number, b: number) => dot(row(a), row(b)) / Math.sqrt(dot(row(a), row(a)) * dot(row(b), row(b)));
  const wanted = Array.from({ length: 65 }, (_, id) => ({ id, cosine: cosine(20, id) }))
    .filter(({ id }) => id >= 4 && id !== 20)
    .sort((a, b) => b.cosine - a.cosine)
    .slice(0, 5);
  const came = await neighboursOf(device, given, { id: 20, count: 5, from: 4 });
  expect(came.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id));
  for (const [index, each] of came.entries()) expect(each.cosine).toBeCloseTo(wanted[index]?.cosine as number, 5);
});
