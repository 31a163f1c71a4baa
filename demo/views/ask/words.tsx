/** The words of a verdict, with the push of each. The visitor's input is only inserted as text, never as HTML. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { JudgedWord } from "../../messages/models.ts";
import { word as selected } from "../../state.ts";
import { count, signed } from "../../ui/format.ts";
import { prefersReducedMotion } from "../../ui/theme.ts";

/** The smallest range of the bars. The range is displayed, so that small pushes look small. */
const LEAST_RANGE = 1;

/** The push that corresponds to a full bar. */
export function rangeOf(words: readonly JudgedWord[]): number {
  return Math.max(LEAST_RANGE, ...words.map(({ push = 0 }) => Math.abs(push)));
}

/**
 * Time per word of the reading cursor. It must finish a sentence within five seconds, because longer motion needs a
 * pause button (WCAG 2.2.2).
 */
const READING_MILLISECONDS = 170;

/** The position of a cursor that moves through the first sentence once, to show that words can be explored. */
const cursor = signal<number | undefined>(undefined);
let hasRead = false;

/** Moves the cursor over the words, unless the visitor interacts, has seen it, or prefers reduced motion. */
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

/** If more words than this are skipped before the first one that is read, only their number is shown. */
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
