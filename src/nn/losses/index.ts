/** Losses by Keras's names and formulas (https://keras.io/api/losses/). */
import { Registry } from "../../core/named.ts";
import { withoutOptions } from "../../core/option_table.ts";
import { asNamed, isMade } from "../../core/options.ts";
import { binaryCrossentropy, categoricalCrossentropy, sparseCategoricalCrossentropy } from "./crossentropy.ts";
import type { Loss, LossConfig, LossMaker } from "./loss.ts";
import { meanAbsoluteError, meanSquaredError } from "./mean_errors.ts";

export { type ContrastiveOptions, contrastive } from "./contrastive.ts";
export {
  binaryCrossentropy,
  type CrossentropyOptions,
  categoricalCrossentropy,
  type SparseCrossentropyOptions,
  sparseCategoricalCrossentropy,
} from "./crossentropy.ts";
export {
  type BinaryFocalOptions,
  binaryFocalCrossentropy,
  type CategoricalFocalOptions,
  categoricalFocalCrossentropy,
} from "./focal.ts";
export { categoricalHinge, hinge, squaredHinge } from "./hinge.ts";
export { alignTargets, type Loss, type LossConfig } from "./loss.ts";
export { meanAbsoluteError, meanSquaredError } from "./mean_errors.ts";
export * from "./regression.ts";

const LOSSES = new Registry<LossMaker>({
  what: "loss",
  common: {
    binaryCrossentropy,
    categoricalCrossentropy,
    sparseCategoricalCrossentropy,
    meanSquaredError: withoutOptions("meanSquaredError", meanSquaredError),
    meanAbsoluteError: withoutOptions("meanAbsoluteError", meanAbsoluteError),
  },
  others: [
    ...["binaryFocalCrossentropy", "categoricalFocalCrossentropy", "meanAbsolutePercentageError"],
    ...["meanSquaredLogarithmicError", "huber", "logCosh", "poisson", "klDivergence", "cosineSimilarity", "hinge"],
    ...["squaredHinge", "categoricalHinge", "contrastive"],
  ],
  async load() {
    const { OTHER_LOSSES } = await import("./other_losses.ts");
    return OTHER_LOSSES;
  },
  // Keras's short names.
  aliases: {
    bce: "binaryCrossentropy",
    mse: "meanSquaredError",
    mae: "meanAbsoluteError",
    mape: "meanAbsolutePercentageError",
    msle: "meanSquaredLogarithmicError",
    kld: "klDivergence",
  },
});

/** A loss accepted by `compile`. */
export type LossLike = Loss | string | LossConfig;

/**
 * The name of a known loss by any of its spellings (`meanSquaredError`, `mean_squared_error`, `mse`); undefined if
 * unknown.
 */
export function lossNamed(given: string): string | undefined {
  return LOSSES.nameOf(given);
}

/**
 * @throws ValueError for an unknown name, listing the known ones. @throws NotLoaded if the loss must be imported first.
 */
export function resolveLoss(given: LossLike): Loss {
  if (isMade("loss", given, "perSample")) return given as Loss;
  const { name, ...options } = asNamed<"name", LossConfig>("loss", given, "name");
  return LOSSES.get(name)(options as never);
}
