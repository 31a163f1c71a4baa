import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { topKCall } from "../../src/kernels/search/top_k.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel, testTraits } from "../support/kernel.ts";

/** The places of the k largest, in their order; of equal numbers the first. */
function reference(row: Float32Array, k: number): number[] {
  const order = Array.from(row.keys()).sort((a, b) => (row[b] as number) - (row[a] as number) || a - b);
  return order.slice(0, k).sort((a, b) => a - b);
}

function callOf(rows: number, size: number, k: number) {
  const out = (index: number, dtype: "float32" | "int32") => operand("output", index, [rows, k], dtype);
  return topKCall(operand("input", 0, [rows, size]), out(0, "float32"), out(1, "int32"), k);
}

async function check(x: Float32Array, size: number, k: number): Promise<void> {
  const rows = x.length / size;
  const [values, indices] = await runKernel(await testDevice(), callOf(rows, size, k), [x]);
  for (let row = 0; row < rows; row++) {
    const numbers = x.subarray(row * size, (row + 1) * size);
    const wanted = reference(numbers, k);
    const what = `row ${row} of ${rows}x${size}, k ${k}`;
    expect(Array.from((indices as Int32Array).subarray(row * k, (row + 1) * k)), what).toEqual(wanted);
    expect(Array.from((values as Float32Array).subarray(row * k, (row + 1) * k)), what).toEqual(
      wanted.map((index) => numbers[index]),
    );
  }
}

const draw = (count: number, seed: number, of: (random: Random) => number) => {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => of(random));
};

describe("topKCall", () => {
  it.each([
    [1, 1, 1],
    [3, 7, 7],
    [2, 257, 10],
    [2, 1025, 1],
    [3, 5003, 10],
    [1, 100_000, 26],
    [65, 2049, 33],
    [1, 4096, 1000],
    [1, 70_001, 2000],
  ])("%i rows of %i numbers, k %i", async (rows, size, k) => {
    await check(
      draw(rows * size, size + k, (random) => random.normal()),
      size,
      k,
    );
  });

  it("takes the first of equal numbers, across groups", async () => {
    await check(new Float32Array(5000).fill(2.5), 5000, 77);
    await check(
      draw(9000, 1, (random) => random.integer(3) - 1),
      9000,
      50,
    );
    // -0 equals 0.
    await check(
      draw(3000, 2, (random) => (random.uniform() < 0.5 ? -0 : 0)),
      3000,
      9,
    );
  });

  it("does no worse on numbers in order, or where few are not the lowest", async () => {
    const rising = Float32Array.from({ length: 8192 }, (_, index) => index - 4000);
    await check(rising, 8192, 40);
    await check(rising.toReversed(), 8192, 40);
    const sparse = new Float32Array(8192).fill(-3.4028234663852886e38);
    sparse.set([1, -5, 1e30], 4096);
    await check(sparse, 8192, 20);
  });

  it("is three dispatches, or one where groups save nothing", () => {
    const dispatches = (size: number, k: number) => callOf(1, size, k).plan(testTraits()).dispatches.length;
    expect([dispatches(100_000, 26), dispatches(1000, 26), dispatches(5000, 4000)]).toEqual([3, 1, 1]);
  });

  it("refuses a k that is no number of the row's", () => {
    for (const k of [0, 1.5, 6, Number.NaN]) expect(() => callOf(2, 5, k)).toThrow(ShapeError);
  });
});
