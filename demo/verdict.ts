/** The verdict on the sentence at hand, asked for as it changes: views read the signal. */
import { effect, signal } from "@preact/signals";
import type { JudgedWord, Verdict, Which } from "./messages/models.ts";
import { newestOnly } from "./newest_only.ts";
import first from "./shipped/first_verdict.json" with { type: "json" };
import { ownVersion, text, view, which } from "./state.ts";
import { ask } from "./worker_client.ts";

/** The verdict waits until the visitor has not typed for so long. */
const TYPING_MILLISECONDS = 80;

/** A verdict of the shipped model as JSON keeps it: what is undefined is left out. */
interface RecordedVerdict {
  readonly text: string;
  readonly probability: number;
  readonly words: readonly (Pick<JudgedWord, "word" | "isRare"> & Partial<Pick<JudgedWord, "push" | "step">>)[];
}

/** A verdict that was recorded. */
export function recordedVerdict({ text: of, probability, words }: RecordedVerdict): Verdict {
  const whole = words.map(({ word, isRare, push, step }) => ({ word, isRare, push, step }));
  return { which: "shipped", text: of, probability, words: whole };
}

/**
 * The latest verdict: at first that on the first text, which is shown before the weights have come; that on an older
 * text while a newer one is being read.
 */
export const verdict = signal<Verdict | undefined>(recordedVerdict(first));

/** Whether the verdict that is shown is already that of this model. */
function isKnown(model: Which): boolean {
  const { value } = verdict;
  // The visitor's own model may have learnt since.
  return model === "shipped" && value?.which === model && value.text === text.value;
}

/** Asks about what stands there now. */
const refresh = newestOnly("ask", async () => {
  const model = which.value;
  if (model === undefined || isKnown(model) || text.value.trim() === "") return;
  verdict.value = await ask("judge", { which: model, text: text.value });
});

/** Keeps the verdict up to date from now on. */
export function followVerdict(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let judged = "";
  effect(() => {
    const isTyped = judged !== text.value;
    judged = text.value;
    void ownVersion.value;
    // While one watches a training the GPU is left to it; the sentence is not shown there.
    if (which.value === undefined || view.value === "train") return;
    clearTimeout(timer);
    timer = setTimeout(refresh, isTyped ? TYPING_MILLISECONDS : 0);
  });
}
