/** The model's verdict on a text, and each word's part in it. */
import type { Model, ReviewEncoder } from "sluice";
import type { JudgedWord } from "./protocol.ts";

/** A longer text is cut to its end: the model reads 40 words. */
const MOST_CHARACTERS = 4000;

/** The chance of praise, and the words with gradient × input. */
export async function judge(
  model: Model,
  encoder: ReviewEncoder,
  text: string,
): Promise<{ probability: number; words: JudgedWord[] }> {
  const heard = text.slice(-MOST_CHARACTERS);
  const x = encoder.encode([heard]);
  const { output, contribution } = await model.gradients(x);
  // The words that the model reads stand at the end of the row, in their order.
  const pushes = contribution.data;
  const words = encoder.tokenizer.words(heard).map((word): JudgedWord => {
    const rank = encoder.tokenizer.wordIndex.get(word);
    return {
      word,
      push: rank === undefined ? undefined : 0,
      isRare: rank !== undefined && encoder.idOfRank(rank) === encoder.oovChar,
    };
  });
  let position = pushes.length;
  for (let index = words.length - 1; index >= 0; index--) {
    const word = words[index] as JudgedWord;
    if (word.push !== undefined) words[index] = { ...word, push: position > 0 ? pushes[--position] : undefined };
  }
  return { probability: output.data[0] ?? Number.NaN, words };
}
