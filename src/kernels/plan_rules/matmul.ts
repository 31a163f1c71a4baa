/** Rules of matrix products. */
import type { Allowed, Demand, Given, ShaderRule, ShaderRules } from "./rule.ts";

/** Invocations of a workgroup. */
const THREADS = 64;

/** Codes of activations.wgsl. */
const ACTIVATION = [0, 6] as const;

/** Constants of all products. */
const MATMUL_CONSTANTS: Readonly<Record<string, Allowed>> = {
  ACTIVATION,
  HAS_EPILOGUE: "boolean",
  HAS_TAIL: "boolean",
  TRANSPOSE_A: "boolean",
  TRANSPOSE_B: "boolean",
  VECTOR_A: "boolean",
  VECTOR_B: "boolean",
  ElementA: { oneOf: ["f32", "vec4f"] },
  ElementB: { oneOf: ["f32", "vec4f"] },
};

/** A product whose workgroups take tiles of so many rows and columns. */
function product({ params }: Given, rows: number, columns: number): Demand {
  const { M = 1, N = 1, K = 1, splits = 1, split_size = 1, batch = 1 } = params;
  return {
    workgroups: Math.ceil(M / rows) * Math.ceil(N / columns) * batch * splits,
    work: rows * columns * Math.min(K, split_size),
    elements: { a: M * K, b: K * N, out: splits * batch * M * N },
  };
}

function combine({ params: { M = 1, N = 1, splits = 1, batch = 1 } }: Given): Demand {
  return {
    workgroups: (batch * M * N) / THREADS,
    work: THREADS * splits,
    elements: { a: splits * batch * M * N, out: batch * M * N },
  };
}

const NAIVE: ShaderRule = {
  constants: MATMUL_CONSTANTS,
  entries: { naive: (given) => product(given, 8, 8), combine },
};

const TILED: ShaderRule = {
  constants: MATMUL_CONSTANTS,
  entries: { tiled: (given) => product(given, 64, 64) },
};

const DIRECT: ShaderRule = {
  constants: { ...MATMUL_CONSTANTS, ROWS: [4, 8], COLUMNS: [1, 2], WIDTH: [1, 8], HEIGHT: [1, 64] },
  entries: {
    direct: (given) => {
      const { constant } = given;
      return product(given, constant("ROWS") * constant("HEIGHT"), 4 * constant("COLUMNS") * constant("WIDTH"));
    },
  },
};

export const files = ["matmul_common", "matmul_out_scalar", "matmul_out_vector", "matmul_naive", "matmul_tiled"];

export const rules: ShaderRules = {
  "matmul_common+matmul_out_scalar+matmul_naive+activations": NAIVE,
  "matmul_common+matmul_out_scalar+matmul_tiled+activations": TILED,
  "matmul_common+matmul_out_vector+matmul_tiled+activations": TILED,
  "matmul_common+matmul_out_scalar+matmul_direct+activations": DIRECT,
  "matmul_common+matmul_out_vector+matmul_direct+activations": DIRECT,
};
