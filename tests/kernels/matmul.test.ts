import { beforeAll, describe, expect, it } from "vitest";
import { LimitError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { broadcastShapes, broadcastStrides, type Shape, sizeOf } from "../../src/core/shape.ts";
import type { Device } from "../../src/gpu/device.ts";
import { MATMUL_ACTIVATIONS, type MatmulActivation, matmulCall } from "../../src/kernels/matmul/matmul.ts";
import { MATMUL_VARIANTS } from "../../src/kernels/matmul/matmul_variants.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel, scratchOf, testTraits } from "../support/kernel.ts";

/** Float32 against float64: the sum of K products of numbers below 1 in any order. */
const tolerance = (K: number): number => 1e-6 + 2e-7 * K;

interface Case {
  readonly a: Shape;
  readonly b: Shape;
  readonly bias?: Shape;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly activation?: MatmulActivation;
}

const ACTIVATION: Record<MatmulActivation, (x: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

function random(shape: Shape, seed: number): Float32Array {
  const numbers = new Random(seed);
  return Float32Array.from({ length: sizeOf(shape) }, () => numbers.uniform() * 2 - 1);
}

/** The meaning of the call, in float64 loops; the batch is walked through broadcast strides. */
function reference(
  c: Case,
  a: Float32Array,
  b: Float32Array,
  bias?: Float32Array,
): { shape: number[]; data: Float64Array } {
  const [K, M] = c.transposeA
    ? [c.a.at(-2) as number, c.a.at(-1) as number]
    : [c.a.at(-1) as number, c.a.at(-2) as number];
  const N = (c.transposeB ? c.b.at(-2) : c.b.at(-1)) as number;
  const batch = broadcastShapes("test", c.a.slice(0, -2), c.b.slice(0, -2));
  const aStrides = broadcastStrides(c.a, [...batch, ...c.a.slice(-2)]);
  const bStrides = broadcastStrides(c.b, [...batch, ...c.b.slice(-2)]);
  const data = new Float64Array(sizeOf(batch) * M * N);
  for (let index = 0; index < sizeOf(batch); index++) {
    let [rest, aBase, bBase] = [index, 0, 0];
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      const size = batch[axis] as number;
      aBase += (rest % size) * (aStrides[axis] as number);
      bBase += (rest % size) * (bStrides[axis] as number);
      rest = Math.floor(rest / size);
    }
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let k = 0; k < K; k++) {
          const left = a[aBase + (c.transposeA ? k * M + m : m * K + k)] as number;
          sum += left * (b[bBase + (c.transposeB ? n * K + k : k * N + n)] as number);
        }
        if (bias) sum += bias[bias.length === 1 ? 0 : n] as number;
        data[(index * M + m) * N + n] = ACTIVATION[c.activation ?? "linear"](sum);
      }
    }
  }
  return { shape: [...batch, M, N], data };
}

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

async function check(c: Case, variant?: string, adapter = testTraits()): Promise<void> {
  const [a, b] = [random(c.a, 1), random(c.b, 2)];
  const bias = c.bias && random(c.bias, 3);
  const wanted = reference(c, a, b, bias);
  const call = matmulCall(
    {
      a: operand("input", 0, c.a),
      b: operand("input", 1, c.b),
      bias: c.bias && operand("input", 2, c.bias),
      out: operand("output", 0, wanted.shape),
    },
    c,
  );
  const [out] = await runKernel(device, call, bias ? [a, b, bias] : [a, b], { adapter, ...(variant && { variant }) });
  const K = (c.transposeA ? c.a.at(-2) : c.a.at(-1)) as number;
  let worst = 0;
  for (const [index, value] of wanted.data.entries()) {
    const error = Math.abs(((out as Float32Array)[index] as number) - value);
    if (!(error <= tolerance(K)))
      throw new Error(`at ${index}: got ${out?.[index]}, wanted ${value}; ${JSON.stringify(c)}`);
    worst = Math.max(worst, error);
  }
  expect(worst).toBeLessThanOrEqual(tolerance(K));
}

const SIZES = [
  [1, 1, 1],
  [7, 65, 1],
  [1, 7, 257],
  [65, 257, 7],
  [64, 100, 12],
  [8, 4, 8],
  [130, 33, 70],
] as const;

/** Where one side is transposed: a variant's tiles differ by the size, and each is compiled anew. */
const FEWER_SIZES = [SIZES[3], SIZES[5], SIZES[6]];

describe.each(MATMUL_VARIANTS)("matmul/%s", (variant) => {
  for (const [transposeA, transposeB] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    it(`multiplies at odd sizes, transposeA ${transposeA}, transposeB ${transposeB}`, async () => {
      for (const [M, K, N] of transposeA === transposeB ? SIZES : FEWER_SIZES) {
        await check(
          { a: transposeA ? [K, M] : [M, K], b: transposeB ? [N, K] : [K, N], transposeA, transposeB },
          variant,
        );
      }
    });
  }

  it("broadcasts batches", async () => {
    await check({ a: [3, 7, 5], b: [5, 9] }, variant);
    await check({ a: [3, 5, 7], b: [5, 9], transposeA: true }, variant);
    await check({ a: [7, 5], b: [4, 5, 9] }, variant);
    await check({ a: [2, 1, 3, 7, 5], b: [2, 1, 9, 5], transposeB: true }, variant);
    await check({ a: [2, 1, 2, 1, 3, 4], b: [1, 3, 1, 2, 4, 8] }, variant);
  });

  it("adds bias and activates", async () => {
    // The variants write by the same functions: one tries all activations.
    for (const activation of variant === "subgroup" ? MATMUL_ACTIVATIONS : (["linear", "tanh"] as const)) {
      await check({ a: [9, 6], b: [6, 13], bias: [13], activation }, variant);
      await check({ a: [9, 6], b: [6, 13], bias: [], activation }, variant);
    }
  });

  it("cuts a product into chunks for the watchdog", async () => {
    const slow = testTraits("lavapipe", { multiplyAddsPerSecond: 1e6, dispatchSeconds: 0.1 });
    await check({ a: [2, 130, 40], b: [2, 40, 200], bias: [200] }, variant, slow);
    await check({ a: [70, 5000], b: [5000, 9] }, variant, slow);
    await check({ a: [0, 4], b: [4, 3] }, variant);
    await check({ a: [3, 0], b: [0, 5], bias: [5] }, variant);
  });
});

describe("matmul/subgroup", () => {
  it("multiplies with subgroups of four and two vec4s of columns", async () => {
    const four = testTraits("swiftshader", { subgroupSize: 4 });
    await check({ a: [70, 9], b: [9, 33], bias: [33], activation: "relu" }, "subgroup", four);
    await check({ a: [8, 36], b: [40, 8], transposeA: true, transposeB: true }, "subgroup", four);
    await check({ a: [8, 36], b: [8, 40], bias: [40], transposeA: true }, "subgroup", four);
  });

  it("keeps what lies past the end of K, or past a matrix, out of the sums", async () => {
    for (const [transposeA, transposeB] of [
      [false, false],
      [true, true],
    ] as const) {
      // The second matrix of each operand is all infinities.
      const [aShape, bShape] = [transposeA ? [2, 3, 9] : [2, 9, 3], transposeB ? [2, 34, 3] : [2, 3, 34]];
      const [a, b] = [random(aShape, 1), random(bShape, 2)];
      a.fill(Number.POSITIVE_INFINITY, 27);
      b.fill(Number.POSITIVE_INFINITY, 102);
      const call = matmulCall(
        { a: operand("input", 0, aShape), b: operand("input", 1, bShape), out: operand("output", 0, [2, 9, 34]) },
        { transposeA, transposeB },
      );
      const [out] = await runKernel(device, call, [a, b], { variant: "subgroup" });
      expect((out as Float32Array).subarray(0, 9 * 34).every(Number.isFinite)).toBe(true);
      expect((out as Float32Array).subarray(9 * 34).every((x) => x === Number.POSITIVE_INFINITY)).toBe(true);
    }
  });

  it("is the choice of software adapters that have subgroups, and refused where there are none", () => {
    const call = matmulCall({
      a: operand("input", 0, [64, 64]),
      b: operand("input", 1, [64, 64]),
      out: operand("output", 0, [64, 64]),
    });
    const chosen = (kind: "lavapipe" | "swiftshader" | "gpu", subgroupSize: number) =>
      call.plan(testTraits(kind, { subgroupSize })).dispatches[0]?.entryPoint;
    expect(chosen("lavapipe", 8)).toBe("subgroup");
    expect(chosen("swiftshader", 4)).toBe("subgroup");
    expect(chosen("lavapipe", 0)).toBe("direct");
    expect(chosen("gpu", 8)).toBe("tiled");
    expect(() => call.plan(testTraits("lavapipe", { subgroupSize: 0 }), "subgroup")).toThrow(
      "matmul: the variant subgroup needs subgroups of one size, 4, 8, 16; this adapter has none",
    );
  });
});

describe("matmul", () => {
  it("splits a long K, combines with the epilogue, and repeats bit for bit", async () => {
    const c: Case = { a: [5001, 33], b: [5001, 20], transposeA: true, bias: [20], activation: "tanh" };
    for (const kind of ["lavapipe", "swiftshader", "gpu"] as const) {
      const call = matmulCall(
        { a: operand("input", 0, c.a), b: operand("input", 1, c.b), out: operand("output", 0, [33, 20]) },
        { transposeA: true },
      );
      expect(call.plan(testTraits(kind)).dispatches.at(-1)?.entryPoint).toBe("combine");
      await check(c, undefined, testTraits(kind));
    }
    await check({ a: [3, 2000, 5], b: [2000, 6], transposeA: true });
  });

  it("splits a long K for the sake of the digits, unless the partial products would be large", () => {
    const splits = (M: number, N: number, K: number): number => {
      const call = matmulCall({
        a: operand("input", 0, [M, K]),
        b: operand("input", 1, [K, N]),
        out: operand("output", 0, [M, N]),
      });
      const { dispatches } = call.plan(testTraits("lavapipe", { multiplyAddsPerSecond: 1e12 }));
      const [partials] = scratchOf(dispatches);
      return partials === undefined ? 1 : partials.bytes / (4 * M * N);
    };
    expect(splits(100, 400, 32000)).toBe(31);
    expect(splits(512, 512, 512)).toBe(1);
    expect(splits(2048, 2048, 8192)).toBe(2);
    expect(splits(4096, 4096, 4096)).toBe(1);
  });

  it("chooses by adapter and shape alone, and marks extra chunks", () => {
    const call = matmulCall({
      a: operand("input", 0, [4096, 512]),
      b: operand("input", 1, [512, 512]),
      out: operand("output", 0, [4096, 512]),
    });
    const { dispatches } = call.plan(testTraits());
    expect(dispatches.length).toBeGreaterThan(1);
    expect(dispatches.map(({ isExtraChunk }) => isExtraChunk === true)).toEqual(
      dispatches.map((_, index) => index > 0),
    );
    expect(call.plan(testTraits("gpu")).dispatches[0]?.entryPoint).toBe("tiled");
  });

  it("keeps large and saturated activations finite", async () => {
    for (const [activation, wanted] of [
      ["sigmoid", [0, 1]],
      ["tanh", [-1, 1]],
      ["softplus", [0, 1e4]],
    ] as const) {
      const call = matmulCall(
        { a: operand("input", 0, [2, 1]), b: operand("input", 1, [1, 1]), out: operand("output", 0, [2, 1]) },
        { activation },
      );
      const [out] = await runKernel(device, call, [Float32Array.of(-1e4, 1e4), Float32Array.of(1)]);
      expect(out?.[0]).toBeCloseTo(wanted[0], 6);
      expect(out?.[1]).toBeCloseTo(wanted[1], 6);
    }
  });

  it("names the limit that a tensor passes", () => {
    const make = (a: Shape, b: Shape, out: Shape) => () =>
      matmulCall({ a: operand("input", 0, a), b: operand("input", 1, b), out: operand("output", 0, out) });
    expect(make([65536, 32768], [32768, 1], [65536, 1])).toThrow(LimitError);
  });
});
