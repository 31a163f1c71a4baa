/**
 * Matrix products: square ones, those of a training step of the review model with its gradients, a batched one, and one
 * with odd sizes.
 */
import { matmul } from "../../ops/matmul/matmul.ts";
import type { BenchCase } from "../bench_case.ts";
import { checkSamples } from "../check_samples.ts";
import { type BenchGraph, graphCase } from "../graph_case.ts";
import { type Product, productTask } from "../matmul_task.ts";

const PLAIN = { batch: 1, transposeA: false, transposeB: false };
const PRODUCTS: readonly Product[] = [
  { ...PLAIN, M: 512, K: 512, N: 512 },
  { ...PLAIN, M: 1024, K: 1024, N: 1024 },
  // All timesteps of a batch times an LSTM's kernel, for inputs of 32 numbers (the embedding) and of 100 (a lower LSTM
  // layer).
  { ...PLAIN, M: 32000, K: 32, N: 400 },
  { ...PLAIN, M: 32000, K: 100, N: 400 },
  // The gradients of the latter with respect to its input and its kernel.
  { ...PLAIN, M: 32000, K: 400, N: 100, transposeB: true },
  { ...PLAIN, M: 100, K: 32000, N: 400, transposeA: true },
  { ...PLAIN, batch: 16, M: 128, K: 64, N: 128 },
  { ...PLAIN, M: 257, K: 65, N: 129 },
];

/** The matmul cases. */
export const matmulCases: readonly BenchCase[] = PRODUCTS.map((product) =>
  graphCase({
    name: nameOf(product),
    group: "matmul",
    isDefault: true,
    work: {
      flops: 2 * product.batch * product.M * product.K * product.N,
      bytes: 4 * product.batch * (product.M * product.K + product.K * product.N + product.M * product.N),
    },
    task: { kind: "matmul", ...product },
    build: () => buildProduct(product),
  }),
);

function nameOf({ batch, M, K, N, transposeA, transposeB }: Product): string {
  const suffix = `${transposeA ? " transposeA" : ""}${transposeB ? " transposeB" : ""}`;
  return `matmul ${batch > 1 ? `${batch}x` : ""}${M}x${K}x${N}${suffix}`;
}

function buildProduct(product: Product): BenchGraph {
  const { a, b, expected } = productTask(product);
  const { transposeA, transposeB } = product;
  return {
    graph: { outputs: [matmul(a.variable.value, b.variable.value, { transposeA, transposeB })], updates: [] },
    variables: [a.variable, b.variable],
    kernel: "matmul",
    check: ([out]) => checkSamples("matmul", out?.data ?? [], expected),
  };
}
