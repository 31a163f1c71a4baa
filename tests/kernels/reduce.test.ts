import { beforeAll, describe, expect, it } from "vitest";
import { DTypeError, ShapeError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import type { Device } from "../../src/gpu/device.ts";
import { type ReduceKind, reduceCall } from "../../src/kernels/reduce/reduce.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel, testTraits } from "../support/kernel.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

type Data = Float32Array | Int32Array;

function reference(kind: ReduceKind, x: Data, outer: number, size: number, inner: number): number[] {
  const out: number[] = [];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const run = Array.from({ length: size }, (_, k) => x[(o * size + k) * inner + i] as number);
      const largest = run.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
      if (kind === "sum") out.push(run.reduce((sum, value) => sum + value, 0));
      else out.push(kind === "max" ? largest : run.indexOf(largest));
    }
  }
  return out;
}

async function check(
  kind: ReduceKind,
  x: Data,
  extents: readonly [number, number, number],
  variant?: string,
  traits = testTraits(),
) {
  const [outer, size, inner] = extents;
  const dtype = x instanceof Float32Array ? "float32" : "int32";
  const call = reduceCall(
    kind,
    [operand("input", 0, extents, dtype)],
    [operand("output", 0, [outer, inner], kind === "argmax" ? "int32" : dtype)],
    { outer, size, inner },
  );
  const [out] = await runKernel(device, call, [x], { adapter: traits, ...(variant && { variant }) });
  const wanted = reference(kind, x, outer, size, inner);
  // Maxima, positions and whole numbers are exact; sums of n numbers below 1 are within 1e-6 + 3e-8 n of float64's.
  const tolerance = kind === "sum" && dtype === "float32" ? 1e-6 + 3e-8 * size : 0;
  const bad = wanted.findIndex((value, index) => !(Math.abs((out?.[index] as number) - value) <= tolerance));
  const found = bad < 0 ? "" : `${kind} of [${extents}] at ${bad}: got ${out?.[bad]}, wanted ${wanted[bad]}`;
  expect(found).toBe("");
}

const EXTENTS = [
  [1, 1, 1],
  [7, 65, 1],
  [65, 7, 1],
  [257, 257, 1],
  [2, 65, 7],
  [1, 257, 65],
  [3, 1, 5],
  [1, 10_007, 1],
  [1, 3001, 40],
  [2, 5000, 3],
] as const;

describe.each(["sum", "max", "argmax"] as const)("reduce/%s", (kind) => {
  for (const variant of ["serial", "lanes"]) {
    it(`reduces at odd sizes, ${variant}`, async () => {
      for (const extents of EXTENTS) {
        const random = new Random(extents[1]);
        const length = extents[0] * extents[1] * extents[2];
        await check(
          kind,
          Float32Array.from({ length }, () => random.uniform() * 2 - 1),
          extents,
          variant,
        );
      }
    });
  }

  it("reduces int32, ties, zeros and numbers below zero", async () => {
    await check(kind, Int32Array.of(-5, -2, -2, -9, -9, -9), [2, 3, 1]);
    await check(kind, new Float32Array(700), [1, 700, 1]);
    await check(kind, Float32Array.of(1, 3, 3, 2, -1e4, -2e4), [3, 2, 1]);
    const repeated = Float32Array.from({ length: 1000 }, (_, index) => index % 10);
    for (const variant of ["serial", "lanes"]) await check(kind, repeated, [1, 1000, 1], variant);
  });

  it("reduces several tensors in one dispatch, with the bits of each alone", async () => {
    const random = new Random(9);
    for (const [outer, size, inner] of [
      [1, 64, 1],
      [7, 65, 1],
      [3, 9, 5],
      [1, 10_007, 1],
    ] as const) {
      const inputs = [0, 1, 2].map(() =>
        Float32Array.from({ length: outer * size * inner }, () => random.uniform() - 0.5),
      );
      const results = inputs.map((_, index) =>
        operand("output", index, [outer, inner], kind === "argmax" ? "int32" : "float32"),
      );
      const call = (tensors: readonly number[]) =>
        reduceCall(
          kind,
          tensors.map((_, index) => operand("input", index, [outer, size, inner])),
          results.slice(0, tensors.length),
          { outer, size, inner },
        );
      const apart = [];
      for (const x of inputs) apart.push(...(await runKernel(device, call([0]), [x])));
      expect(await runKernel(device, call([0, 1, 2]), inputs)).toEqual(apart);
    }
  });

  it("plans for every adapter", async () => {
    const random = new Random(5);
    const x = Float32Array.from({ length: 40_000 }, () => random.uniform() - 0.5);
    for (const adapter of ["lavapipe", "swiftshader", "gpu"] as const) {
      await check(kind, x, [1, 40_000, 1], undefined, testTraits(adapter));
      await check(kind, x, [1, 10_000, 4], undefined, testTraits(adapter));
    }
  });
});

describe("reduce", () => {
  it("sums millions of equal numbers to a relative 1e-6", async () => {
    const size = 4_000_001;
    const x = new Float32Array(size).fill(0.1);
    const call = reduceCall("sum", [operand("input", 0, [size])], [operand("output", 0, [])], {
      outer: 1,
      size,
      inner: 1,
    });
    const [out] = await runKernel(device, call, [x]);
    const wanted = size * Math.fround(0.1);
    expect(Math.abs((out?.[0] as number) - wanted) / wanted).toBeLessThan(1e-6);
  });

  it("takes one dispatch where an invocation has few elements, else two", () => {
    const stages = (size: number, inner: number) =>
      reduceCall("sum", [operand("input", 0, [size, inner])], [operand("output", 0, [inner])], {
        outer: 1,
        size,
        inner,
      }).plan(testTraits()).dispatches.length;
    expect([stages(64, 1), stages(4096, 1), stages(64, 7)]).toEqual([1, 1, 1]);
    expect([stages(4097, 1), stages(65, 7)]).toEqual([2, 2]);
  });

  it("sums an empty axis to 0, and refuses its maximum", async () => {
    const extents = { outer: 3, size: 0, inner: 1 };
    const make = (kind: ReduceKind) =>
      reduceCall(kind, [operand("input", 0, [3, 0])], [operand("output", 0, [3])], extents);
    expect((await runKernel(device, make("sum"), [new Float32Array()]))[0]).toEqual(new Float32Array(3));
    expect(() => make("max")).toThrow(ShapeError);
  });

  it("refuses an output of another dtype", () => {
    const make = () =>
      reduceCall("argmax", [operand("input", 0, [3])], [operand("output", 0, [])], { outer: 1, size: 3, inner: 1 });
    expect(make).toThrow(DTypeError);
  });
});
