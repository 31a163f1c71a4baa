import { Random } from "../../core/random.ts";

/** The first random stream for permutations; weights and dropout use lower ones. */
const PERMUTATION_STREAM = 0x40000000;

/**
 * The order of the rows in a pass: a pure function of the seed and of the step at which the pass began. It therefore
 * need not be saved, and a second `fit` shuffles differently. Without a seed, rows keep their order.
 */
export function rowOrder(
  size: number,
  shuffled: { readonly seed: number; readonly began: number } | undefined,
): Int32Array {
  if (shuffled === undefined) return Int32Array.from({ length: size }, (_, index) => index);
  return new Random(shuffled.seed, PERMUTATION_STREAM + shuffled.began).permutation(size);
}
