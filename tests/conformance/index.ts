import { fewKernelCases, kernelCases } from "../platform/kernels/files.ts";
import { builtModelCases } from "./built_models.ts";
import type { ConformanceCase } from "./case.ts";
import { deviceCases } from "./device.ts";
import { deviceLossCases, manyDeviceLossCases } from "./device_loss.ts";
import { dispatchCases } from "./dispatches.ts";
import { embedCases } from "./embed.ts";
import { foreignMemoryCases } from "./foreign_memory.ts";
import { functionalCases } from "./functional.ts";
import { kerasFactCases } from "./keras_facts.ts";
import { kerasFileCases } from "./keras_files.ts";
import { kerasLayerCases } from "./keras_layers.ts";
import { kerasPartCases } from "./keras_parts.ts";
import { kerasTrainingCases } from "./keras_training.ts";
import { manyMemoryCases, memoryCases } from "./memory.ts";
import { microBatchCases } from "./micro_batches.ts";
import { opConformance } from "./ops_on_gpu.ts";
import { penaltyCases } from "./penalties.ts";
import { predictorCases } from "./predictor.ts";
import { randomGraphCases } from "./random_graphs.ts";
import { referenceTrainingCases } from "./reference_training.ts";
import { resultCases } from "./results.ts";
import { matching } from "./run.ts";
import { shapedModelCases } from "./shaped_models.ts";
import { sharedDeviceCases } from "./shared_devices.ts";
import { stateUpdateCases } from "./state_updates.ts";
import { tuningCases } from "./tuning.ts";
import { vectorIndexCases } from "./vector_index.ts";

export type { ConformanceCase } from "./case.ts";

/** Every runtime-agnostic case of CI. A file of cases is added here, and runs in Node, Deno, Chromium and Firefox. */
const cases: readonly ConformanceCase[] = [
  ...deviceCases,
  ...sharedDeviceCases,
  ...opConformance,
  ...randomGraphCases(200),
  ...builtModelCases(20),
  ...kerasLayerCases,
  ...kerasFactCases,
  ...kerasPartCases,
  ...kerasTrainingCases,
  ...penaltyCases,
  ...microBatchCases,
  ...memoryCases,
  ...stateUpdateCases,
  ...kerasFileCases,
  ...functionalCases,
  ...embedCases,
  ...predictorCases,
  ...referenceTrainingCases,
  ...resultCases,
  ...dispatchCases,
  ...tuningCases,
  ...vectorIndexCases,
  ...foreignMemoryCases,
  ...deviceLossCases,
  ...fewKernelCases,
];

/** Cases that run together, in every runtime alike. */
export interface Suite {
  /** What a case tries, for the table of `npm run test:long`. */
  readonly what: string;
  readonly cases: readonly ConformanceCase[];
}

/** By name: `SLUICE_SUITE` asks for one. */
export const suites: Readonly<Record<string, Suite>> = {
  cases: { what: "cases", cases },
  graphs: { what: "random graphs", cases: randomGraphCases(10_000) },
  models: { what: "models built, trained two steps and disposed", cases: builtModelCases(1_000) },
  shapes: { what: "models of a shape each, trained and disposed", cases: shapedModelCases(500) },
  kernels: { what: "files of kernel tests, with canaries", cases: kernelCases },
  memory: { what: "models whose memory was told beforehand", cases: manyMemoryCases },
  losses: { what: "works whose device was destroyed", cases: manyDeviceLossCases },
};

/**
 * The cases of a suite whose name holds `filter`; of "losses/0.1" a tenth, evenly spaced, and the last.
 * @throws Error for a suite that is none.
 */
export function casesOf(suite: string, filter: string | undefined): readonly ConformanceCase[] {
  const [name = "", share = "1"] = suite.split("/");
  const found = suites[name];
  if (found === undefined) throw new Error(`no suite "${name}"; expected one of ${Object.keys(suites).join(", ")}`);
  const isTaken = (_: ConformanceCase, index: number, all: readonly ConformanceCase[]) =>
    index + 1 === all.length || Math.floor((index + 1) * Number(share)) > Math.floor(index * Number(share));
  return matching(found.cases.filter(isTaken), filter);
}
