/** The words of a verdict, with the push of each. What the visitor wrote is only ever text. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { JudgedWord } from "../../messages/models.ts";
import { word as selected } from "../../state.ts";
import { count, signed } from "../../ui/format.ts";
import { prefersReducedMotion } from "../../ui/theme.ts";

/** Bars are never longer than for this push, and the range is printed: so that small pushes look small. */
const LEAST_RANGE = 1;

/** The push of a full bar. */
export function rangeOf(words: readonly JudgedWord[]): number {
  return Math.max(LEAST_RANGE, ...words.map(({ push = 0 }) => Math.abs(push)));
}

/**
 * A word of the cursor takes so long: a sentence is read in less than the five seconds after which motion has to be
 * stoppable.
 */
const READING_MILLISECONDS = 170;

/** Where the cursor stands that reads the first sentence once, to show that words can be looked at. */
const cursor = signal<number | undefined>(undefined);
let hasRead = false;

/** Reads so many words, unless the visitor does anything, has seen it, or wants less motion. */
function useCursor(words: number): void {
  useEffect(() => {
    if (hasRead || prefersReducedMotion()) return;
    hasRead = true;
    let next = 0;
    const timer = setInterval(() => {
      if (next === words) stop();
      else cursor.value = next++;
    }, READING_MILLISECONDS);
    const stop = (): void => {
      clearInterval(timer);
      removeEventListener("pointerdown", stop);
      removeEventListener("keydown", stop);
      cursor.value = undefined;
    };
    addEventListener("pointerdown", stop);
    addEventListener("keydown", stop);
    return stop;
  }, []);
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
        class={`word ${side}${isRare ? " rare" : ""}${cursor.value === index ? " at" : ""}`}
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

/** Unread words before the first one that is read are only counted if they are more than so many. */
const MOST_UNREAD = 20;

export function Words({ words }: { readonly words: readonly JudgedWord[] }) {
  const range = rangeOf(words);
  useCursor(words.length);
  const unread = words.findIndex(({ push }) => push !== undefined);
  const first = unread > MOST_UNREAD ? unread : 0;
  return (
    <ol id="words" class="words" aria-label="The words, and how far each pushed the verdict">
      {first === 0 ? null : <li class="skipped muted">The first {count(first)} words lie too far back to be read.</li>}
      {words.slice(first).map((judged, at) => (
        <Word key={first + at} judged={judged} index={first + at} range={range} />
      ))}
    </ol>
  );
}
