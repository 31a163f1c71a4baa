import { batchPartCases } from "./batch_parts.ts";
import type { ConformanceCase } from "./case.ts";
import { deviceCases } from "./device.ts";
import { embedCases } from "./embed.ts";
import { functionalCases } from "./functional.ts";
import { kerasFactCases } from "./keras_facts.ts";
import { kerasFileCases } from "./keras_files.ts";
import { kerasLayerCases } from "./keras_layers.ts";
import { kerasPartCases } from "./keras_parts.ts";
import { kerasTrainingCases } from "./keras_training.ts";
import { opConformance } from "./ops_on_gpu.ts";
import { penaltyCases } from "./penalties.ts";
import { referenceTrainingCases } from "./reference_training.ts";
import { stateUpdateCases } from "./state_updates.ts";
import { tuningCases } from "./tuning.ts";
import { vectorIndexCases } from "./vector_index.ts";

export type { ConformanceCase } from "./case.ts";

/** Every runtime-agnostic case. A file of cases is added here, and runs in Node, Deno, Chromium and Firefox. */
export const cases: readonly ConformanceCase[] = [
  ...deviceCases,
  ...opConformance,
  ...kerasLayerCases,
  ...kerasFactCases,
  ...kerasPartCases,
  ...kerasTrainingCases,
  ...penaltyCases,
  ...batchPartCases,
  ...stateUpdateCases,
  ...kerasFileCases,
  ...functionalCases,
  ...embedCases,
  ...referenceTrainingCases,
  ...tuningCases,
  ...vectorIndexCases,
];
