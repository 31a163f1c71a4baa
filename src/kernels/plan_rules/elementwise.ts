/** Rules of fused elementwise kernels. */
import type { ShaderRule, ShaderRules } from "./rule.ts";

/** Invocations of a workgroup. */
const THREADS = 64;

const ELEMENTWISE: ShaderRule = {
  entries: {
    elementwise: ({ params: { size = 1 }, expression }) => ({
      workgroups: size / THREADS,
      work: THREADS * (expression?.steps.length ?? Number.NaN),
      elements: Object.fromEntries(expression?.outputs.map((_, index) => [`y${index}`, size]) ?? []),
    }),
  },
};

export const files = ["elementwise"];

export const rules: ShaderRules = {
  "elementwise+activations": ELEMENTWISE,
};
