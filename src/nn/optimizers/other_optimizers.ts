/** The optimizers that are imported on demand. */
import { adadelta, adagrad } from "./adagrad.ts";
import { adamax, nadam } from "./adam_variants.ts";
import type { OptimizerMaker } from "./base.ts";
import { ftrl } from "./ftrl.ts";
import { lion } from "./lion.ts";

export const OTHER_OPTIMIZERS: Readonly<Record<string, OptimizerMaker>> = {
  adamax,
  nadam,
  adagrad,
  adadelta,
  lion,
  ftrl,
};
