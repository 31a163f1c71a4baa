/** Finds the held-out texts with a model's largest errors. */
import type { Hardest, HardText, Which } from "../../messages/models.ts";
import type { Context } from "../context.ts";
import { loadedData } from "../load_data.ts";

/** The most texts to read; more would take minutes on a software adapter. */
const MOST_TEXTS = 1000;
const SHOWN = 8;

/** Predicts the held-out texts of the current data, or of the embedded sentences. */
export async function hardest({ session, signal }: Context, { which }: { readonly which: Which }): Promise<Hardest> {
  const { model, encoder } = await session.subject(which);
  const { test, texts } = loadedData() ?? (await (await import("sluice/sentences")).sentences.load());
  const held = texts.test.slice(0, MOST_TEXTS);
  const { data } = await model.predict(encoder.encode(held), { batchSize: 64, signal });
  const judged = held.map((text, row): HardText => {
    return { text, label: test.y.data[row] ?? 0, probability: data[row] ?? Number.NaN };
  });
  const error = ({ label, probability }: HardText): number => Math.abs(label - probability);
  const wrong = judged.filter((each) => error(each) > 0.5).sort((a, b) => error(b) - error(a));
  return { texts: wrong.slice(0, SHOWN), read: held.length, wrong: wrong.length };
}
