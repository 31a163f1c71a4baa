/** The contrastive loss over pairs. */
import { type OptionKind, readOptions, withDefault } from "../../core/option_table.ts";
import { add, mul, relu, square, sub } from "../../ops/elementwise/arithmetic.ts";
import { mean } from "../../ops/reduce/reduce.ts";
import { expectRange, type Loss, sameAsOutput } from "./loss.ts";

/** Options of `contrastive`. */
export interface ContrastiveOptions {
  /** The distance up to which dissimilar pairs are pushed apart. Default: 0.5. */
  readonly margin?: number;
}

const distance: OptionKind<number> = {
  expected: "0 < margin ≤ 2, a cosine distance",
  read: (value) => (typeof value === "number" && value > 0 && value <= 2 ? value : undefined),
};

const CONTRASTIVE = { margin: withDefault(distance, 0.5) };

/**
 * Pulls similar pairs (y = 1) together and pushes dissimilar pairs (y = 0) apart up to a margin: the mean over the last
 * axis of y·d² + (1 − y)·max(margin − d, 0)², where d = 1 − p is the cosine distance and the output p a cosine. Source:
 * Hadsell, Chopra & LeCun 2006, "Dimensionality Reduction by Learning an Invariant Mapping", without its factor ½.
 * @throws ValueError if the margin is not within (0, 2].
 */
export function contrastive(options: ContrastiveOptions = {}): Loss {
  const name = "contrastive";
  const { margin } = readOptions(name, CONTRASTIVE, options);
  return {
    config: { name, margin },
    targetShape: sameAsOutput,
    checkTargets: (y) => expectRange("contrastive", y, 0, 1, "Give 1 for a similar pair, 0 for a dissimilar one."),
    perSample: (y, p) => {
      const distance = sub(1, p);
      const apart = square(relu(sub(margin, distance)));
      return mean(add(mul(y, square(distance)), mul(sub(1, y), apart)), { axes: -1 });
    },
  };
}
