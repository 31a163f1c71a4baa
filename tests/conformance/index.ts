import type { ConformanceCase } from "./case.ts";
import { deviceCases } from "./device.ts";
import { opConformance } from "./ops_on_gpu.ts";

export type { ConformanceCase } from "./case.ts";

/** Every runtime-agnostic case. A file of cases is added here, and runs in Node, Deno, Chromium and Firefox. */
export const cases: readonly ConformanceCase[] = [...deviceCases, ...opConformance];
