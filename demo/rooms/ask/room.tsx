/** Ask it: a text, the verdict, and each word's part in it. */
import { available, gpu, text, wanted, which, word } from "../../state.ts";
import { percent } from "../../ui/format.ts";
import { verdict } from "../../verdict.ts";
import { EXAMPLES } from "./examples.ts";
import "./verdict.css";
import { rangeOf, Words } from "./words.tsx";

/** In words: nearer to the middle than this it has no opinion. */
const UNSURE = 0.05;

function sentenceOf(probability: number): string {
  if (Math.abs(probability - 0.5) < UNSURE) return `Undecided: ${percent(probability)} praise`;
  return probability > 0.5 ? `Praise, ${percent(probability)} sure` : `Blame, ${percent(1 - probability)} sure`;
}

function choose(next: string): void {
  text.value = next;
  word.value = undefined;
}

function Verdict() {
  const current = verdict.value;
  if (which.value === undefined) {
    return (
      <p id="verdict" class="verdict" role="status">
        {gpu.value.kind === "missing" ? "" : "No model yet: train one, and it answers here while it learns."}
      </p>
    );
  }
  if (current === undefined)
    return (
      <p id="verdict" class="verdict" role="status">
        Reading …
      </p>
    );
  const { probability, words } = current;
  return (
    <>
      <p id="verdict" class="verdict" role="status">
        {words.length === 0 ? "" : sentenceOf(probability)}
      </p>
      <div class="meter" style={{ "--at": `${100 * probability}%` }} aria-hidden="true" />
      <div class="ends muted" aria-hidden="true">
        <span>blame</span>
        <span>praise</span>
      </div>
      <Words words={words} />
      <p class="muted">
        Bars show gradient × input: above a word it pushed towards praise, below it towards blame. Full bar:{" "}
        {rangeOf(words).toFixed(1)} in the logit. Words in italics are rare and share one vector; those struck through
        were not read.
      </p>
    </>
  );
}

function Models() {
  if (available.value.length < 2) return null;
  return (
    <fieldset class="choice">
      <legend>Ask</legend>
      {available.value.map((name) => (
        <label key={name}>
          <input
            type="radio"
            name="which"
            checked={which.value === name}
            onChange={() => {
              wanted.value = name;
            }}
          />
          {name === "own" ? "your model" : "the page's model"}
        </label>
      ))}
    </fieldset>
  );
}

export function Room() {
  return (
    <section class="panel ask" aria-label="A text and its verdict">
      <Models />
      <label for="text">A review, in English</label>
      <textarea
        id="text"
        rows={3}
        maxLength={10_000}
        spellcheck={false}
        value={text.value}
        onInput={({ currentTarget }) => choose(currentTarget.value)}
      />
      <Verdict />
      <h3>Try one of these</h3>
      <ul class="examples">
        {EXAMPLES.map((example) => (
          <li key={example}>
            <button type="button" class="example" onClick={() => choose(example)}>
              {example}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
