import { Random } from "../../core/random.ts";

/** Streams of random numbers for permutations begin here; weights and dropout use lower ones. */
const PERMUTATION_STREAM = 0x40000000;

/**
 * The order of the rows in a pass over them: a pure function of the seed and of the step at which the pass began, so
 * that it need not be saved, and a second `fit` shuffles anew. Without these, their own order.
 */
export function rowOrder(
  size: number,
  shuffled: { readonly seed: number; readonly began: number } | undefined,
): Int32Array {
  if (shuffled === undefined) return Int32Array.from({ length: size }, (_, index) => index);
  return new Random(shuffled.seed, PERMUTATION_STREAM + shuffled.began).permutation(size);
}
