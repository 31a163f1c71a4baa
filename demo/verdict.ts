/** The prediction for the current sentence, updated as it changes. Views read the signal. */
import { effect, signal } from "@preact/signals";
import type { JudgedWord, Verdict, Which } from "./messages/models.ts";
import { newestOnly } from "./newest_only.ts";
import first from "./shipped/first_verdict.json" with { type: "json" };
import { ownVersion, text, view, which } from "./state.ts";
import { ask } from "./worker_client.ts";

/** The pause in typing after which the prediction is updated. */
const TYPING_MILLISECONDS = 80;

/** A prediction of the shipped model in JSON, which omits undefined values. */
interface RecordedVerdict {
  readonly text: string;
  readonly probability: number;
  readonly words: readonly (Pick<JudgedWord, "word" | "isRare"> & Partial<Pick<JudgedWord, "push" | "step">>)[];
}

/** Restores a recorded prediction. */
export function recordedVerdict({ text: of, probability, words }: RecordedVerdict): Verdict {
  const whole = words.map(({ word, isRare, push, step }) => ({ word, isRare, push, step }));
  return { which: "shipped", text: of, probability, words: whole };
}

/**
 * The latest prediction. At first it is the recorded one for the first sentence, which is shown before the weights have
 * loaded.
 */
export const verdict = signal<Verdict | undefined>(recordedVerdict(first));

/** True if the shown prediction is this model's for the current text. */
function isKnown(model: Which): boolean {
  const { value } = verdict;
  // The visitor's own model may have been trained further.
  return model === "shipped" && value?.which === model && value.text === text.value;
}

/** Predicts for the current sentence. */
const refresh = newestOnly("ask", async () => {
  const model = which.value;
  if (model === undefined || isKnown(model) || text.value.trim() === "") return;
  verdict.value = await ask("judge", { which: model, text: text.value });
});

/** Starts keeping the prediction up to date. */
export function followVerdict(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let judged = "";
  effect(() => {
    const isTyped = judged !== text.value;
    judged = text.value;
    void ownVersion.value;
    // The training view does not show the sentence, so the GPU is left to training.
    if (which.value === undefined || view.value === "train") return;
    clearTimeout(timer);
    timer = setTimeout(refresh, isTyped ? TYPING_MILLISECONDS : 0);
  });
}
