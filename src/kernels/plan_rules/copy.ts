/** Rules of copies by strides. */
import type { ShaderRule, ShaderRules } from "./rule.ts";

/** Invocations of a workgroup. */
const THREADS = 64;

const COPY: ShaderRule = {
  constants: { RANK: [0, 6], Element: { oneOf: ["u32", "vec4u"] } },
  entries: {
    main: ({ params: { size = 1 }, lanes }) => ({
      workgroups: size / THREADS,
      work: THREADS,
      elements: { y: size * lanes("Element") },
    }),
  },
};

export const files = ["copy"];

export const rules: ShaderRules = {
  copy: COPY,
};
