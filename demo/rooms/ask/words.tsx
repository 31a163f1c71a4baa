/** The words of a verdict, with the push of each. What the visitor wrote is only ever text. */
import { word as selected } from "../../state.ts";
import { signed } from "../../ui/format.ts";
import type { JudgedWord } from "../../worker/judge.ts";

/** Bars are never longer than for this push, and the range is printed: so that small pushes look small. */
const LEAST_RANGE = 1;

/** The push of a full bar. */
export function rangeOf(words: readonly JudgedWord[]): number {
  return Math.max(LEAST_RANGE, ...words.map(({ push = 0 }) => Math.abs(push)));
}

function meaning({ push, isRare }: JudgedWord): string {
  if (push === undefined) return "not read: the model does not know it, or it lies too far back";
  const side = push >= 0 ? "towards praise" : "towards blame";
  return `${signed(push)} ${side}${isRare ? "; rare: all rare words share one vector" : ""}`;
}

function Word({
  judged,
  index,
  range,
}: {
  readonly judged: JudgedWord;
  readonly index: number;
  readonly range: number;
}) {
  const { word, push, isRare } = judged;
  const side = push === undefined ? "unread" : push >= 0 ? "up" : "down";
  const isSelected = selected.value === index;
  return (
    <li>
      <button
        type="button"
        class={`word ${side}${isRare ? " rare" : ""}`}
        style={{ "--push": String(Math.min(1, Math.abs(push ?? 0) / range)) }}
        aria-pressed={isSelected}
        aria-label={`${word}: ${meaning(judged)}`}
        title={meaning(judged)}
        onClick={() => {
          selected.value = isSelected ? undefined : index;
        }}
      >
        <span class="bar" />
        <span class="text">{word}</span>
        <span class="push">{push === undefined ? "" : signed(push)}</span>
      </button>
    </li>
  );
}

export function Words({ words }: { readonly words: readonly JudgedWord[] }) {
  const range = rangeOf(words);
  return (
    <ol id="words" class="words" aria-label="The words, and how far each pushed the verdict">
      {words.map((judged, index) => (
        <Word key={index} judged={judged} index={index} range={range} />
      ))}
    </ol>
  );
}
