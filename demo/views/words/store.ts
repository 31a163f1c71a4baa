/** The state of the map: the map, the selected word, and the visible section. */
import { batch, effect, signal } from "@preact/signals";
import type { Moment, NearWord, WordsResult } from "../../messages/words.ts";
import { notifyFailure } from "../../notices.ts";
import { ownVersion, which } from "../../state.ts";
import { ask } from "../../worker_client.ts";

/** Neighbours that are listed. */
const NEIGHBOURS = 12;

/** The map as it is drawn. */
export interface DrawnMap extends WordsResult {
  /** How many times as large as across the second direction is drawn: a map of one strong direction would be a line. */
  readonly stretch: number;
}

export const map = signal<DrawnMap | undefined>(undefined);
export const moment = signal<Moment>("after");
/** The word in the middle, by its place among the words. */
export const chosen = signal<number | undefined>(undefined);
export const near = signal<readonly NearWord[]>([]);
/** What was looked for and not found. */
export const missing = signal("");

/** Which part of the map is seen: its middle, and how many pixels one unit takes. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** Nothing while the map is seen whole. */
export const view = signal<View | undefined>(undefined);

/** As wide as high would be best; more than fourfold would tell lies. */
const MOST_STRETCH = 4;

/** Stretches what is up and down in a map. */
function drawn(found: WordsResult): DrawnMap {
  let [across, up] = [1e-6, 1e-6];
  for (const [at, value] of found.points.entries()) {
    if (at % 2 === 0) across = Math.max(across, Math.abs(value));
    else up = Math.max(up, Math.abs(value));
  }
  const stretch = Math.min(MOST_STRETCH, Math.max(1, (0.6 * across) / up));
  return { ...found, stretch, points: found.points.map((value, at) => (at % 2 === 0 ? value : value * stretch)) };
}

/** Puts the word in the middle of the list, and into the middle of the picture if `moves`. */
export function choose(place: number, moves: boolean): void {
  const current = map.value;
  if (current === undefined) return;
  batch(() => {
    chosen.value = place;
    missing.value = "";
    const seen = view.value;
    if (moves && seen !== undefined) {
      const [x, y] = [current.points[2 * place] as number, current.points[2 * place + 1] as number];
      view.value = { ...seen, x, y };
    }
  });
}

/** Looks a word up. */
export function search(text: string): void {
  const word = text.trim().toLowerCase();
  if (word === "") return;
  const place = map.value?.words.indexOf(word) ?? -1;
  if (place >= 0) choose(place, true);
  else missing.value = word;
}

/** Keeps map and neighbours up to date while the view is open. Returns what ends it. */
export function followMap(): () => void {
  let asked = 0;
  const endMap = effect(() => {
    const [model, when] = [which.value, moment.value];
    void ownVersion.value;
    if (model === undefined) return;
    const mine = ++asked;
    ask("wordMap", { which: model, moment: when }).then(
      (next) => {
        if (mine !== asked) return;
        batch(() => {
          const word = chosen.value === undefined ? undefined : map.value?.words[chosen.value];
          map.value = drawn(next);
          view.value = undefined;
          // Another model knows other words: the same one stays in the middle where it is known.
          const place = word === undefined ? -1 : next.words.indexOf(word);
          chosen.value = place < 0 ? Math.max(0, next.words.indexOf("wonderful")) : place;
        });
      },
      (error: unknown) => notifyFailure("words", error),
    );
  });
  let wanted = 0;
  const endNear = effect(() => {
    const [model, place, current] = [which.value, chosen.value, map.value];
    if (model === undefined || place === undefined || current === undefined) return;
    const mine = ++wanted;
    ask("nearWords", { which: model, moment: moment.peek(), place, count: NEIGHBOURS }).then(
      (found) => {
        if (mine === wanted) near.value = found;
      },
      (error: unknown) => notifyFailure("words", error),
    );
  });
  return () => {
    endMap();
    endNear();
  };
}
