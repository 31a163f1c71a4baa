/** Shows a verdict: a meter, and the words with the push of each. What the visitor wrote is only ever text. */
import type { JudgedWord } from "./protocol.ts";

/** Bars are never longer than for this push, and the range is printed: so that small pushes look small. */
const LEAST_RANGE = 1;

export interface VerdictView {
  readonly label: HTMLElement;
  readonly meter: HTMLElement;
  readonly words: HTMLElement;
  readonly range: HTMLElement;
}

/** Fills the view. */
export function showVerdict(
  view: VerdictView,
  probability: number,
  words: readonly JudgedWord[],
  isTrained: boolean,
): void {
  const percent = Math.round(100 * probability);
  const side = percent > 55 ? "praise" : percent < 45 ? "blame" : "unsure";
  const sure = { praise: `Praise, ${percent}% sure`, blame: `Blame, ${100 - percent}% sure`, unsure: "Undecided" }[
    side
  ];
  view.label.textContent = isTrained ? sure : `${sure}: it has not learnt anything yet`;
  view.label.dataset.side = side;
  view.meter.style.setProperty("--at", `${100 * probability}%`);

  const range = Math.max(LEAST_RANGE, ...words.map(({ push = 0 }) => Math.abs(push)));
  view.range.textContent = words.length === 0 ? "" : `Full bar: ${range.toFixed(1)} in the logit`;
  view.words.replaceChildren(...words.map((word) => wordElement(word, range)));
}

function wordElement({ word, push, isRare }: JudgedWord, range: number): HTMLElement {
  const item = document.createElement("li");
  const text = document.createElement("span");
  text.className = "word";
  text.textContent = word;
  const number = document.createElement("span");
  number.className = "push";
  if (push === undefined) {
    item.className = "unread";
    item.title = "This word is not read: the model does not know it, or it lies too far back.";
    number.textContent = "not read";
  } else {
    item.className = push >= 0 ? "up" : "down";
    item.style.setProperty("--push", String(Math.min(1, Math.abs(push) / range)));
    item.title = isRare ? "Rare: all rare words share one vector." : "Gradient × input: its push on the verdict.";
    number.textContent = `${push >= 0 ? "+" : "−"}${Math.abs(push).toFixed(2)}`;
  }
  if (isRare) item.classList.add("rare");
  item.append(text, number);
  return item;
}
