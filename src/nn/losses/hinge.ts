/** Hinge losses. */
import type { Value } from "../../graph/operation.ts";
import { abs, add, equal, mul, relu, square, sub, where } from "../../ops/elementwise/arithmetic.ts";
import { max, mean, sum } from "../../ops/reduce/reduce.ts";
import { expectRange, type Loss, sameAsOutput } from "./loss.ts";

/** Maps targets of 0 and 1 to −1 and 1, if a batch contains no others. */
function signed(y: Value): Value {
  const isBinary = equal(max(abs(mul(y, sub(1, y)))), 0);
  return where(isBinary, sub(mul(y, 2), 1), y);
}

const checkSigns = (name: string) => (y: Parameters<Loss["checkTargets"]>[0]) =>
  expectRange(name, y, -1, 1, "Map the two classes to −1 and 1, or to 0 and 1.");

/** The mean of max(1 − y·p, 0) over the last axis; y is −1 or 1 (0 and 1 are converted to −1 and 1). */
export function hinge(): Loss {
  return {
    config: { name: "hinge" },
    targetShape: sameAsOutput,
    checkTargets: checkSigns("hinge"),
    perSample: (y, p) => mean(relu(sub(1, mul(signed(y), p))), { axes: -1 }),
  };
}

/** The mean of max(1 − y·p, 0)² over the last axis; y as in `hinge`. */
export function squaredHinge(): Loss {
  return {
    config: { name: "squaredHinge" },
    targetShape: sameAsOutput,
    checkTargets: checkSigns("squaredHinge"),
    perSample: (y, p) => mean(square(relu(sub(1, mul(signed(y), p)))), { axes: -1 }),
  };
}

/** max(largest output of a wrong class − output of the true class + 1, 0); y is one-hot. */
export function categoricalHinge(): Loss {
  return {
    config: { name: "categoricalHinge" },
    targetShape: sameAsOutput,
    checkTargets: (y) => expectRange("categoricalHinge", y, 0, 1, "Give one-hot rows."),
    perSample: (y, p) => {
      const right = sum(mul(y, p), { axes: -1 });
      const wrong = max(mul(sub(1, y), p), { axes: -1 });
      return relu(add(sub(wrong, right), 1));
    },
  };
}
