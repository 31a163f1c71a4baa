/** The operands of a matrix product and its reference, the same for every library. */
import type { Variable } from "../graph/operation.ts";
import type { PeerTask } from "./bench_case.ts";
import type { Expected } from "./check_samples.ts";
import { randomTable } from "./random_data.ts";

/** The sizes of a product; `batch` is 1 if there is no batch axis. */
export type Product = Omit<Extract<PeerTask, { readonly kind: "matmul" }>, "kind">;

/** The operands of a product, and a function that computes an element of the result. */
export interface ProductTask {
  readonly a: { readonly variable: Variable; readonly data: Float32Array };
  readonly b: { readonly variable: Variable; readonly data: Float32Array };
  expected(index: number): Expected;
}

/** The rounding error of a float32 sum, relative to the sum of the terms' magnitudes. */
const TOLERANCE = 1e-5;

/** Creates the operands (`[batch, …]` if there is a batch axis), and computes the product's elements in float64. */
export function productTask({ batch, M, K, N, transposeA, transposeB }: Product): ProductTask {
  const lead = batch > 1 ? [batch] : [];
  const a = randomTable("a", [...lead, ...(transposeA ? [K, M] : [M, K])], 1);
  const b = randomTable("b", [...lead, ...(transposeB ? [N, K] : [K, N])], 2);
  return {
    a,
    b,
    expected: (index) => {
      const [column, row, which] = [index % N, Math.floor(index / N) % M, Math.floor(index / (M * N))];
      let value = 0;
      let size = 0;
      for (let k = 0; k < K; k++) {
        const left = a.data[which * M * K + (transposeA ? k * M + row : row * K + k)] as number;
        const right = b.data[which * K * N + (transposeB ? column * K + k : k * N + column)] as number;
        value += left * right;
        size += Math.abs(left * right);
      }
      return { value, tolerance: TOLERANCE * size };
    },
  };
}
