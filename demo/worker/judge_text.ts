/** Predicts the sentiment of a text, and the contribution of each word. */
import type { JudgedWord, Verdict } from "../messages/models.ts";
import type { Subject } from "./session.ts";

/** Only the end of a longer text is read. */
const MOST_CHARACTERS = 10_000;

/** The probability of praise, and the words with gradient × input. */
export async function judge({ model, encoder }: Subject, text: string): Promise<Omit<Verdict, "which">> {
  const heard = text.slice(-MOST_CHARACTERS);
  const { output, contribution } = await model.gradients(encoder.encode([heard]));
  const pushes = contribution.data;
  const words = encoder.tokenizer.words(heard).map((word) => {
    const id = encoder.idOfRank(encoder.tokenizer.wordIndex.get(word));
    return { word, isRare: id === encoder.oovChar, isKnown: id >= 0 };
  });
  // The words that the model reads are at the end of the row, in order.
  let step = pushes.length;
  const read = words.reverse().map(({ word, isRare, isKnown }): JudgedWord => {
    if (!isKnown || step === 0) return { word, isRare, push: undefined, step: undefined };
    step--;
    return { word, isRare, push: pushes[step], step };
  });
  return { text, probability: output.data[0] ?? Number.NaN, words: read.reverse() };
}
