/**
 * Texts to try, written for this page; they are in neither data set. Each has a feature that a sum over words would
 * miss.
 */
import { FIRST_TEXT } from "../../first_sentence.ts";

export const EXAMPLES: readonly string[] = [
  FIRST_TEXT,
  "What a wonderful film, I loved every minute of it.",
  "Not good. Not even close to good.",
  "I expected so much more from this director.",
  "Bad acting, bad script, bad music, and yet I had a great time.",
  "The first half is brilliant, the second half is a waste of time.",
];
