/** Rules of reductions and softmax. */
import type { Demand, Given, ShaderRule, ShaderRules } from "./rule.ts";

/** Invocations of a workgroup. */
const THREADS = 64;

const REDUCE: ShaderRule = {
  constants: { KIND: [0, 2], Element: { oneOf: ["f32", "i32"] }, Result: { oneOf: ["f32", "i32"] } },
  entries: {
    serial: (given) => reduction(given, THREADS),
    lanes: (given) => reduction(given, 1),
  },
};

/** A reduction whose workgroups take so many runs each. */
function reduction({ params }: Given, runs: number): Demand {
  const { outer = 1, size = 1, inner = 1, segments = 1, segment_size = 1 } = params;
  return {
    workgroups: (outer * segments * inner) / runs,
    work: runs * Math.min(size, segment_size) + THREADS,
    elements: { x: outer * size * inner, out: outer * segments * inner },
  };
}

const SOFTMAX: ShaderRule = {
  constants: { LOG: "boolean" },
  entries: {
    serial: (given) => softmax(given, THREADS),
    lanes: (given) => softmax(given, 1),
  },
};

function softmax({ params: { rows = 1, size = 1 } }: Given, each: number): Demand {
  return {
    workgroups: rows / each,
    work: 3 * each * size + THREADS,
    elements: { x: rows * size, out: rows * size },
  };
}

export const files = ["reduce", "softmax"];

export const rules: ShaderRules = {
  reduce: REDUCE,
  softmax: SOFTMAX,
};
