/** Other libraries beside Sluice: they do the same task, and a wrong result is not timed. */
import { beforeAll, describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { measure } from "../../src/bench/harness.ts";
import { loadEdgevec } from "../../src/bench/peers/edgevec.ts";
import { JAX_VERSION } from "../../src/bench/peers/jax.ts";
import type { Peer } from "../../src/bench/peers/peer.ts";
import { loadTfjs } from "../../src/bench/peers/tfjs.ts";
import { reviewTask } from "../../src/bench/review_model.ts";
import { loadTorch } from "../../src/cli/torch_peer.ts";
import { testDevice } from "../support/device.ts";

const FAST = { seconds: 0.05, minSamples: 6, maxSamples: 6, patience: 5 };
const SMALL = { batch: 4, steps: 5, vocabulary: 30, embedding: 3, units: 4 };
const PLAIN = { kind: "matmul", batch: 1, M: 33, K: 20, N: 17, transposeA: false, transposeB: false } as const;

describe("TensorFlow.js", () => {
  let tfjs: Peer;
  beforeAll(async () => {
    await testDevice();
    tfjs = await loadTfjs();
  });

  test("runs on WebGPU, in the version that is pinned", () => {
    expect(tfjs.backend).toBe("webgpu");
    expect(tfjs.version).toBe(manifest.devDependencies["@tensorflow/tfjs-core"]);
  });

  test("multiplies, transposed and in batches, with the reference's result", async () => {
    const products = [PLAIN, { ...PLAIN, transposeA: true }, { ...PLAIN, transposeB: true }, { ...PLAIN, batch: 3 }];
    for (const product of products) {
      const prepared = await tfjs.prepare(product);
      if (prepared === undefined) throw new Error("TensorFlow.js was expected to multiply");
      const { median, clock } = await measure(prepared.subject, FAST);
      expect(median).toBeGreaterThan(0);
      expect(clock).toBe("wall clock");
      prepared.dispose();
    }
  });

  test("trains and predicts the reviews' model: the checks compare with the float64 reference", async () => {
    for (const kind of ["training step", "predict"] as const) {
      const prepared = await tfjs.prepare({ kind, sizes: SMALL });
      if (prepared === undefined) throw new Error("TensorFlow.js was expected to do it");
      expect(await prepared.subject.time(1)).toBeGreaterThan(0);
      prepared.dispose();
    }
  });
});

describe("PyTorch", () => {
  test("trains, predicts and multiplies beside, its results checked, where a Python has it", async (context) => {
    let torch: Peer;
    try {
      torch = await loadTorch();
    } catch (error) {
      console.warn(`SKIPPED: ${error instanceof Error ? error.message : String(error)}`);
      return context.skip();
    }
    for (const task of [PLAIN, { kind: "training step", sizes: SMALL }, { kind: "predict", sizes: SMALL }] as const) {
      const prepared = await torch.prepare(task);
      if (prepared === undefined) throw new Error("PyTorch was expected to do it");
      expect(await prepared.subject.time(3)).toBeGreaterThan(0);
      prepared.dispose();
    }
    await expect(torch.prepare({ ...PLAIN, K: -1 })).rejects.toThrow(/^PyTorch: RuntimeError/);
    torch.dispose();
  });
});

test("edgevec finds most of the nearest, and says how long its index took", async () => {
  const edgevec = await loadEdgevec();
  expect(edgevec.version).toBe(manifest.devDependencies.edgevec);
  const sizes = { rows: 400, dimension: 16, queries: 2, k: 10 };
  const prepared = await edgevec.prepare({ kind: "vector search", ...sizes });
  expect(prepared?.prepareSeconds).toBeGreaterThan(0);
  expect(prepared?.note).toMatch(/^found ([6-9]\d|100)% of the 10 nearest$/);
  expect(await prepared?.subject.time(1)).toBeGreaterThan(0);
  edgevec.dispose();
});

test("jax-js is named by the version that is installed", () => {
  expect(JAX_VERSION).toBe(manifest.devDependencies["@jax-js/jax"]);
});

describe("the reviews' reference", () => {
  test("is made once, deterministic, and no trivial prediction", () => {
    const task = reviewTask(SMALL);
    expect(reviewTask({ ...SMALL })).toBe(task);
    expect(task.predictions).toHaveLength(4);
    expect(new Set(task.predictions).size).toBe(4);
    expect(Math.min(...task.ids.data)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...task.ids.data)).toBeLessThan(30);
    expect(task.loss).toBeGreaterThan(0.3);
    expect(task.loss).toBeLessThan(1.5);
  });
});
