/** The view “Ask it”: a text, the verdict, and each word's contribution. */
import { useSignalEffect } from "@preact/signals";
import { gpu, text, which, word } from "../../state.ts";
import { percent } from "../../ui/format.ts";
import { ModelChoice } from "../../ui/model_choice.tsx";
import { recordedVerdict, verdict } from "../../verdict.ts";
import { EXAMPLES } from "./examples.ts";
import { Hardest } from "./hardest.tsx";
import "./verdict.css";
import { rangeOf, Words } from "./words.tsx";

/** If the probability is closer to 0.5 than this, the verdict is "unsure". */
const UNSURE = 0.05;

function sentenceOf(probability: number): string {
  if (Math.abs(probability - 0.5) < UNSURE) return `Undecided: ${percent(probability)} praise`;
  return probability > 0.5 ? `Praise, ${percent(probability)} sure` : `Blame, ${percent(1 - probability)} sure`;
}

function choose(next: string): void {
  text.value = next;
  word.value = undefined;
}

/** Without a GPU: shows the shipped model's recorded predictions for the examples. */
async function showRecorded(asked: string): Promise<void> {
  const recorded = (await import("./recorded_verdicts.json")).default;
  const found = recorded.find((each) => each.text === asked);
  if (found !== undefined && text.value === asked) verdict.value = recordedVerdict(found);
}

function waitingWords(): string {
  if (gpu.value.kind === "missing") return "Without a GPU it can show the examples only.";
  return which.value === undefined ? "The model is on its way …" : "Reading …";
}

function Verdict() {
  const current = verdict.value;
  if (text.value.trim() === "") {
    return (
      <p id="verdict" class="verdict" role="status">
        Write something.
      </p>
    );
  }
  const isStale = current === undefined || (which.value === undefined && current.text !== text.value);
  if (isStale) {
    return (
      <p id="verdict" class="verdict" role="status">
        {waitingWords()}
      </p>
    );
  }
  const { probability, words } = current;
  const isRead = words.some(({ push, isRare }) => push !== undefined && !isRare);
  const side = !isRead || Math.abs(probability - 0.5) < UNSURE ? "unsure" : probability > 0.5 ? "praise" : "blame";
  return (
    <div class={current.text === text.value ? undefined : "stale"}>
      <p id="verdict" class={`verdict ${side}`} role="status">
        {isRead ? sentenceOf(probability) : "It knows none of these words."}
      </p>
      <div class="meter" style={{ "--at": isRead ? `${100 * probability}%` : undefined }} aria-hidden="true" />
      <div class="ends muted" aria-hidden="true">
        <span>blame</span>
        <span>praise</span>
      </div>
      <Words words={words} />
      <p class="muted">
        A bar above a word pushed the verdict towards praise, one below it towards blame.
        {words.some(({ isRare }) => isRare) ? " Words in italics are rare, and all look the same to it." : ""}
        {words.some(({ push }) => push === undefined) ? " Those struck through it did not read." : ""}
      </p>
      <details class="muted">
        <summary>How far is a full bar?</summary>
        As far as {rangeOf(words).toFixed(1)} in the logit, the sum that becomes the verdict: 0 is undecided, and each 1
        more multiplies the odds of praise by 2.7. A word's part is its gradient × input: how fast the logit grows with
        the numbers that stand for the word, times those numbers.
      </details>
    </div>
  );
}

export function View() {
  useSignalEffect(() => {
    if (gpu.value.kind === "missing") void showRecorded(text.value);
  });
  return (
    <div class="ask">
      <section class="panel" aria-label="A text and its verdict">
        <ModelChoice legend="Ask" />
        <label for="text">A review, in English</label>
        <textarea
          id="text"
          rows={3}
          maxLength={10_000}
          spellcheck={false}
          value={text.value}
          readOnly={gpu.value.kind === "missing"}
          onInput={({ currentTarget }) => choose(currentTarget.value)}
        />
        <Verdict />
      </section>
      <section class="panel" aria-label="Texts to try">
        <h3>Try one of these</h3>
        <ul class="examples">
          {EXAMPLES.map((example) => (
            <li key={example}>
              <button
                type="button"
                class="example"
                aria-pressed={text.value === example}
                onClick={() => choose(example)}
              >
                {example}
              </button>
            </li>
          ))}
        </ul>
        {gpu.value.kind === "missing" ? null : <Hardest choose={choose} />}
      </section>
    </div>
  );
}
