/** Rules of masks in recurrent layers. */
import type { ShaderRule, ShaderRules } from "./rule.ts";

/** Invocations of a workgroup. */
const THREADS = 64;

const MASK_SCHEDULE: ShaderRule = {
  entries: {
    mask_rows: ({ params: { batch = 1, steps = 1 } }) => ({
      workgroups: batch,
      work: steps + THREADS,
      elements: { mask: batch * steps, spans: 2 * batch, schedule: batch * (3 + steps) },
    }),
    mask_sort: ({ params: { batch = 1 } }) => ({
      workgroups: batch / THREADS,
      work: THREADS * batch,
      elements: { spans: 2 * batch, schedule: 3 * batch },
    }),
  },
};

export const files = ["mask_schedule"];

export const rules: ShaderRules = {
  mask_schedule: MASK_SCHEDULE,
};
