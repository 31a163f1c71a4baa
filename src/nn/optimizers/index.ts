/** Optimizers by Keras's formulas and defaults (https://keras.io/api/optimizers/). */
import { Registry } from "../../core/named.ts";
import { asNamed, isMade } from "../../core/options.ts";
import { adam, adamW } from "./adam.ts";
import type { Optimizer, OptimizerConfig, OptimizerMaker } from "./base.ts";
import { rmsprop } from "./rmsprop.ts";
import { sgd } from "./sgd.ts";

export { type AdadeltaOptions, type AdagradOptions, adadelta, adagrad } from "./adagrad.ts";
export { type AdamOptions, adam, adamW } from "./adam.ts";
export { type AdamVariantOptions, adamax, nadam } from "./adam_variants.ts";
export type { Optimizer, OptimizerConfig, OptimizerOptions } from "./base.ts";
export { type FtrlOptions, ftrl } from "./ftrl.ts";
export { type LionOptions, lion } from "./lion.ts";
export { type RmspropOptions, rmsprop } from "./rmsprop.ts";
export { type SgdOptions, sgd } from "./sgd.ts";

const OPTIMIZERS = new Registry<OptimizerMaker>({
  what: "optimizer",
  common: { sgd, adam, adamW, rmsprop },
  others: ["adamax", "nadam", "adagrad", "adadelta", "lion", "ftrl"],
  async load() {
    const { OTHER_OPTIMIZERS } = await import("./other_optimizers.ts");
    return OTHER_OPTIMIZERS;
  },
});

/** An optimizer accepted by `compile`. */
export type OptimizerLike = Optimizer | string | OptimizerConfig;

/**
 * @throws ValueError for an unknown name, listing the known ones. @throws NotLoaded if the optimizer must be imported
 * first.
 */
export function resolveOptimizer(given: OptimizerLike): Optimizer {
  if (isMade("optimizer", given, "slots")) return given as Optimizer;
  const config = asNamed<"name", OptimizerConfig>("optimizer", given, "name");
  const { name, ...options } = config;
  return OPTIMIZERS.get(name)(options);
}
