/** Optimizers by Keras's formulas and defaults (https://keras.io/api/optimizers/). */
import { entryNamed } from "../../core/named.ts";
import { asNamed, isMade } from "../../core/options.ts";
import { adadelta, adagrad } from "./adagrad.ts";
import { adam, adamax, adamW, nadam } from "./adam.ts";
import type { Optimizer, OptimizerConfig, OptimizerOptions } from "./base.ts";
import { ftrl } from "./ftrl.ts";
import { lion } from "./lion.ts";
import { rmsprop } from "./rmsprop.ts";
import { sgd } from "./sgd.ts";

export { type AdadeltaOptions, type AdagradOptions, adadelta, adagrad } from "./adagrad.ts";
export { type AdamOptions, type AdamVariantOptions, adam, adamax, adamW, nadam } from "./adam.ts";
export type { Optimizer, OptimizerConfig, OptimizerOptions } from "./base.ts";
export { type FtrlOptions, ftrl } from "./ftrl.ts";
export { type LionOptions, lion } from "./lion.ts";
export { type RmspropOptions, rmsprop } from "./rmsprop.ts";
export { type SgdOptions, sgd } from "./sgd.ts";

const BY_NAME: Readonly<Record<string, (options: OptimizerOptions) => Optimizer>> = {
  sgd,
  adam,
  adamW,
  adamax,
  nadam,
  rmsprop,
  adagrad,
  adadelta,
  lion,
  ftrl,
};

/** What `compile` takes. */
export type OptimizerLike = Optimizer | string | OptimizerConfig;

/** @throws ValueError that lists the known names. */
export function resolveOptimizer(given: OptimizerLike): Optimizer {
  if (isMade("optimizer", given, "slots")) return given as Optimizer;
  const config = asNamed<"name", OptimizerConfig>("optimizer", given, "name");
  const { name, ...options } = config;
  const [, make] = entryNamed("optimizer", BY_NAME, name);
  return make(options);
}
