/** The state of the map: its points, the selected word, and the visible section. */
import { batch, effect, signal } from "@preact/signals";
import type { Moment, NearWord, WordsResult } from "../../messages/words.ts";
import { notifyFailure } from "../../notices.ts";
import { ownVersion, which } from "../../state.ts";
import { ask } from "../../worker_client.ts";

/** The number of neighbours in the list. */
const NEIGHBOURS = 12;

/** The map, and how its y axis is stretched for drawing. */
export interface DrawnMap extends WordsResult {
  /**
   * The factor by which the y axis is stretched relative to the x axis; otherwise a map with one dominant direction
   * would be a line.
   */
  readonly stretch: number;
}

export const map = signal<DrawnMap | undefined>(undefined);
export const moment = signal<Moment>("after");
/** The selected word by its index. */
export const chosen = signal<number | undefined>(undefined);
export const near = signal<readonly NearWord[]>([]);
/** The word that was searched for but not found. */
export const missing = signal("");

/** The visible section of the map: its center, and pixels per unit. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** Undefined while the whole map is shown. */
export const view = signal<View | undefined>(undefined);

/** The most stretching of the y axis; more would distort the map too much. */
const MOST_STRETCH = 4;

/** Computes the stretch of a map's y axis. */
function drawn(found: WordsResult): DrawnMap {
  let [across, up] = [1e-6, 1e-6];
  for (const [at, value] of found.points.entries()) {
    if (at % 2 === 0) across = Math.max(across, Math.abs(value));
    else up = Math.max(up, Math.abs(value));
  }
  const stretch = Math.min(MOST_STRETCH, Math.max(1, (0.6 * across) / up));
  return { ...found, stretch, points: found.points.map((value, at) => (at % 2 === 0 ? value : value * stretch)) };
}

/** Selects a word; moves it to the center of the picture if `moves`. */
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

/** Searches for a word. */
export function search(text: string): void {
  const word = text.trim().toLowerCase();
  if (word === "") return;
  const place = map.value?.words.indexOf(word) ?? -1;
  if (place >= 0) choose(place, true);
  else missing.value = word;
}

/** Keeps the map and the neighbours up to date while the view is open. Returns a function that stops it. */
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
          // Another model has other words; the selected word stays selected if the model knows it.
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
