/** A product's operands and its reference, the same for every library. */
import type { Variable } from "../graph/operation.ts";
import type { PeerTask } from "./bench_case.ts";
import type { Expected } from "./check_samples.ts";
import { randomTable } from "./random_data.ts";

/** The sizes of a product; `batch` is 1 where there is none. */
export type Product = Omit<Extract<PeerTask, { readonly kind: "matmul" }>, "kind">;

/** Operands of a product, and what an element of it is. */
export interface ProductTask {
  readonly a: { readonly variable: Variable; readonly data: Float32Array };
  readonly b: { readonly variable: Variable; readonly data: Float32Array };
  expected(index: number): Expected;
}

/** Rounding of a float32 sum, as a share of the sum of the terms' sizes. */
const TOLERANCE = 1e-5;

/** The operands, `[batch, …]` where there is a batch, and the product's elements in float64. */
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
