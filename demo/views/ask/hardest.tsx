/** The held-out texts with the largest errors of the current model. */
import { signal } from "@preact/signals";
import type { Hardest as Found } from "../../messages/models.ts";
import { notifyFailure } from "../../notices.ts";
import { ownVersion, which } from "../../state.ts";
import { count, percent } from "../../ui/format.ts";
import { ask } from "../../worker_client.ts";

interface Answer extends Found {
  /** The model and its version. */
  readonly of: string;
}

const found = signal<Answer | undefined>(undefined);
const isReading = signal(false);

const stateOfModel = (): string => `${which.value} ${which.value === "own" ? ownVersion.value : 0}`;

async function find(): Promise<void> {
  const model = which.value;
  if (model === undefined || isReading.value) return;
  isReading.value = true;
  try {
    found.value = { of: stateOfModel(), ...(await ask("hardest", { which: model })) };
  } catch (error) {
    notifyFailure("hardest", error);
  } finally {
    isReading.value = false;
  }
}

/** Shortens a text for a list. */
const shorten = (text: string): string => (text.length > 220 ? `${text.slice(0, 100)} … ${text.slice(-110)}` : text);

export function Hardest({ choose }: { readonly choose: (text: string) => void }) {
  const answer = found.value;
  const isCurrent = answer?.of === stateOfModel();
  return (
    <section aria-label="What it got most wrong">
      <h3>What it got most wrong</h3>
      <p class="muted" role="status">
        {isReading.value
          ? "Reading texts that it never trained on …"
          : answer === undefined || !isCurrent
            ? "Of texts that it never trained on, those where it was surest and wrong."
            : `It read ${count(answer.read)} texts that it never trained on, and was wrong on ` +
              `${count(answer.wrong)}. These were the worst.`}
      </p>
      {isCurrent && answer !== undefined ? (
        <ul class="examples">
          {answer.texts.map(({ text, label, probability }) => (
            <li key={text}>
              <button type="button" class="example" onClick={() => choose(text)}>
                <span class="muted">
                  {label === 1
                    ? `Meant as praise; it said blame, ${percent(1 - probability)} sure`
                    : `Meant as blame; it said praise, ${percent(probability)} sure`}
                </span>
                {shorten(text)}
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <button id="hardest" type="button" disabled={which.value === undefined || isReading.value} onClick={find}>
          Find them
        </button>
      )}
    </section>
  );
}
