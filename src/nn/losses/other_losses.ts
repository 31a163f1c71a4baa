/** The losses that are imported on demand. */
import { withoutOptions } from "../../core/option_table.ts";
import { contrastive } from "./contrastive.ts";
import { binaryFocalCrossentropy, categoricalFocalCrossentropy } from "./focal.ts";
import { categoricalHinge, hinge, squaredHinge } from "./hinge.ts";
import type { LossMaker } from "./loss.ts";
import {
  cosineSimilarity,
  huber,
  klDivergence,
  logCosh,
  meanAbsolutePercentageError,
  meanSquaredLogarithmicError,
  poisson,
} from "./regression.ts";

export const OTHER_LOSSES: Readonly<Record<string, LossMaker>> = {
  binaryFocalCrossentropy,
  categoricalFocalCrossentropy,
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
