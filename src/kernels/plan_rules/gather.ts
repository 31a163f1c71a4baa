/** Rules of the gather. */
import type { ShaderRule, ShaderRules } from "./rule.ts";

/** Invocations of a workgroup. */
const THREADS = 64;

const GATHER: ShaderRule = {
  constants: { Element: { oneOf: ["u32", "vec4u"] } },
  entries: {
    gather: ({ params: { count = 1, rows = 1, width = 1 }, lanes }) => ({
      workgroups: (count * width) / THREADS,
      work: THREADS,
      elements: { table: rows * width * lanes("Element"), ids: count, out: count * width * lanes("Element") },
    }),
  },
};

export const files = ["gather"];

export const rules: ShaderRules = {
  gather: GATHER,
};
