/** Losses by Keras's names and formulas (https://keras.io/api/losses/). */
import { entryNamed, keyNamed } from "../../core/named.ts";
import { withoutOptions } from "../../core/option_table.ts";
import { asNamed, isMade } from "../../core/options.ts";
import { contrastive } from "./contrastive.ts";
import {
  binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  sparseCategoricalCrossentropy,
} from "./crossentropy.ts";
import { categoricalHinge, hinge, squaredHinge } from "./hinge.ts";
import type { Loss, LossConfig } from "./loss.ts";
import {
  cosineSimilarity,
  huber,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
} from "./regression.ts";

export { type ContrastiveOptions, contrastive } from "./contrastive.ts";
export {
  type BinaryFocalOptions,
  binaryCrossentropy,
  binaryFocalCrossentropy,
  type CategoricalFocalOptions,
  type CrossentropyOptions,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  type SparseCrossentropyOptions,
  sparseCategoricalCrossentropy,
} from "./crossentropy.ts";
export { categoricalHinge, hinge, squaredHinge } from "./hinge.ts";
export { alignTargets, type Loss, type LossConfig } from "./loss.ts";
export * from "./regression.ts";

const BY_NAME: Readonly<Record<string, (config: never) => Loss>> = {
  binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  sparseCategoricalCrossentropy,
  meanSquaredError: withoutOptions("meanSquaredError", meanSquaredError),
  meanAbsoluteError: withoutOptions("meanAbsoluteError", meanAbsoluteError),
  meanAbsolutePercentageError: withoutOptions("meanAbsolutePercentageError", meanAbsolutePercentageError),
  meanSquaredLogarithmicError: withoutOptions("meanSquaredLogarithmicError", meanSquaredLogarithmicError),
  huber,
  logCosh: withoutOptions("logCosh", logCosh),
  poisson: withoutOptions("poisson", poisson),
  klDivergence: withoutOptions("klDivergence", klDivergence),
  cosineSimilarity,
  hinge: withoutOptions("hinge", hinge),
  squaredHinge: withoutOptions("squaredHinge", squaredHinge),
  categoricalHinge: withoutOptions("categoricalHinge", categoricalHinge),
  contrastive,
};

/** Keras's short names. */
const ALIASES: Readonly<Record<string, keyof typeof BY_NAME>> = {
  bce: "binaryCrossentropy",
  mse: "meanSquaredError",
  mae: "meanAbsoluteError",
  mape: "meanAbsolutePercentageError",
  msle: "meanSquaredLogarithmicError",
  kld: "klDivergence",
};

/** What `compile` takes. */
export type LossLike = Loss | string | LossConfig;

/**
 * The name of a known loss by any of its spellings (`meanSquaredError`, `mean_squared_error`, `mse`); undefined for
 * another.
 */
export function lossNamed(given: string): string | undefined {
  return keyNamed(BY_NAME, given, ALIASES);
}

/** @throws ValueError that lists the known names. */
export function resolveLoss(given: LossLike): Loss {
  if (isMade("loss", given, "perSample")) return given as Loss;
  const { name, ...options } = asNamed<"name", LossConfig>("loss", given, "name");
  const [, make] = entryNamed("loss", BY_NAME, name, ALIASES);
  return make(options as never);
}
