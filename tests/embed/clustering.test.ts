import { Random, ShapeError, ValueError } from "sluice";
import { deduplicate, kMeans, similarity } from "sluice/embed";
import { describe, expect, test } from "vitest";
import { drawVectors } from "../conformance/vector_index.ts";
import { testDevice } from "../support/device.ts";

const device = await testDevice();

describe("kMeans", () => {
  const dimension = 7;
  const random = new Random(4);
  const centres = drawVectors(random, 5, dimension).map((number) => number * 20);
  const labels = Array.from({ length: 600 }, () => random.integer(5));
  const vectors = Float32Array.from({ length: 600 * dimension }, (_, at) => {
    const label = labels[Math.floor(at / dimension)] as number;
    return (centres[label * dimension + (at % dimension)] as number) + random.normal();
  });

  test("finds clusters that lie apart, each centroid the mean of its vectors", async () => {
    const { assignments, centroids, sizes, inertia, converged } = await kMeans(device, vectors, {
      dimension,
      k: 5,
      seed: 1,
    });
    expect(converged).toBe(true);
    const names = new Map(labels.map((label, row) => [label, assignments[row]]));
    expect(new Set(names.values()).size).toBe(5);
    expect(labels.every((label, row) => names.get(label) === assignments[row])).toBe(true);
    let wanted = 0;
    for (let cluster = 0; cluster < 5; cluster++) {
      const own = [...assignments.keys()].filter((row) => assignments[row] === cluster);
      expect(sizes[cluster]).toBe(own.length);
      for (let i = 0; i < dimension; i++) {
        const numbers = own.map((row) => vectors[row * dimension + i] as number);
        const mean = numbers.reduce((a, b) => a + b, 0) / own.length;
        expect(centroids[cluster * dimension + i]).toBeCloseTo(mean, 4);
        wanted += numbers.reduce((total, number) => total + (number - mean) ** 2, 0);
      }
    }
    expect(inertia / wanted).toBeCloseTo(1, 5);
  });

  test("one seed has one result", async () => {
    const run = () => kMeans(device, vectors, { dimension, k: 9, seed: 3, maxIterations: 4 });
    expect(await run()).toEqual(await run());
  });

  test("leaves no cluster empty, whatever the vectors", async () => {
    const equal = await kMeans(device, new Float32Array(20).fill(3), { dimension: 2, k: 4 });
    expect([...equal.sizes].every((size) => size > 0)).toBe(true);
    const all = await kMeans(device, [[0], [1], [5]], { dimension: 1, k: 3 });
    expect([all.inertia, [...all.sizes], new Set(all.assignments).size]).toEqual([0, [1, 1, 1], 3]);
  });

  test("refuses a k that is none, and leaves no buffer behind", async () => {
    const { buffers } = device.memory;
    for (const k of [0, 2.5, 4])
      await expect(kMeans(device, [1, 2, 3], { dimension: 1, k })).rejects.toThrow(ValueError);
    await expect(kMeans(device, [1, 2, 3], { dimension: 2, k: 1 })).rejects.toThrow(ShapeError);
    for (const dimension of [0, -1, 1.5, undefined]) {
      await expect(kMeans(device, [1, 2, 3], { dimension, k: 1 } as never)).rejects.toThrow(/dimension is/);
    }
    await expect(kMeans(device, [1, 2], { dimension: 1, k: 1, seed: Number.NaN })).rejects.toThrow(/seed is NaN/);
    await expect(kMeans(device, [], { dimension: 1, k: 1 })).rejects.toThrow(/at least one vector/);
    expect(device.memory.buffers).toBe(buffers);
  });
});

describe("deduplicate", () => {
  test("keeps what a plain loop keeps, with more duplicates than a first look sees", async () => {
    const [count, dimension, threshold] = [300, 6, 0.9];
    const random = new Random(8);
    const seeds = drawVectors(random, 12, dimension);
    const vectors = Array.from({ length: count }, () => {
      const first = random.integer(12) * dimension;
      return Float32Array.from(seeds.subarray(first, first + dimension), (number) => number + 0.15 * random.normal());
    });
    const kept: number[] = [];
    for (const [row, vector] of vectors.entries()) {
      if (kept.every((other) => similarity("cosine", vector, vectors[other] as Float32Array) < threshold))
        kept.push(row);
    }
    const came = await deduplicate(device, vectors, { dimension, threshold });
    expect(came.kept).toEqual(kept);
    for (const [row, other] of came.duplicateOf.entries()) {
      if (other === -1) continue;
      expect(kept.includes(other) && other < row).toBe(true);
      expect(similarity("cosine", vectors[row] as Float32Array, vectors[other] as Float32Array)).toBeGreaterThanOrEqual(
        threshold,
      );
    }
  });

  test("of no vectors keeps none, and refuses a threshold that is none", async () => {
    expect((await deduplicate(device, [], { dimension: 3, threshold: 1 })).kept).toEqual([]);
    await expect(deduplicate(device, [], { dimension: 3, threshold: Number.NaN })).rejects.toThrow(ValueError);
    await expect(deduplicate(device, [], undefined as never)).rejects.toThrow(
      "deduplicate: got undefined; expected options, as in deduplicate(device, vectors, { dimension: …",
    );
  });
});
