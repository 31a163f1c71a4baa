/** The state of the view: the trace of the current sentence, the selected token and unit, and the display options. */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { readReading } from "../../cell/reading_file.ts";
import type { CellReading, PartName } from "../../messages/cell.ts";
import { newestOnly } from "../../newest_only.ts";
import { SHIPPED_FOLDER } from "../../shipped_model.ts";
import { ownVersion, text, unit, which, word } from "../../state.ts";
import { ask } from "../../worker_client.ts";
import { pushOf, type Sort, sortUnits, stateOf } from "./units.ts";

/** The pause in typing after which the reading is updated. */
const TYPING_MILLISECONDS = 150;
const PLAY_MILLISECONDS = 420;
/** The number of units that are shown at first. */
export const FIRST_UNITS = 16;

/** The latest reading. While a new one is computed, this is still the previous sentence's. */
export const reading = signal<CellReading | undefined>(undefined);
/** The part of the units that the large picture shows. */
export const part = signal<PartName>("c");
export const sort = signal<Sort>("part");
export const showsAll = signal(false);
/** The range of the colours for signed values: of the unit, the sentence, or everything read so far. */
export const scale = signal<"unit" | "sentence" | "model">("sentence");
/** The selected token by its index; undefined if none is selected. */
export const token = signal<number | undefined>(undefined);
export const isPlaying = signal(false);
/** The unit and the token under the pointer. */
export const hover = signal<{ readonly unit: number | undefined; readonly step: number | undefined }>({
  unit: undefined,
  step: undefined,
});
/** On a phone: the index of the group of units that is shown. */
export const unitPage = signal(0);
/** The largest magnitude of each part in all readings of the model so far. */
export const largestSeen = signal<Readonly<Partial<Record<PartName, number>>>>({});

/** The units in display order. */
export const order = computed<readonly number[]>(() => {
  const current = reading.value;
  return current === undefined ? [] : sortUnits(current, sort.value);
});

/** The selected unit, or the one with the largest contribution to the verdict. */
export const shownUnit = computed(() => {
  const current = reading.value;
  if (current === undefined) return 0;
  const chosen = unit.value;
  return chosen !== undefined && chosen < current.units ? chosen : (sortUnits(current, "part")[0] as number);
});

/** Selects a token. Other views identify it by its index among the words. */
export function chooseToken(next: number | undefined): void {
  batch(() => {
    token.value = next;
    word.value = next === undefined ? undefined : reading.value?.tokens[next]?.place;
  });
}

/** Selects a unit. */
export function chooseUnit(next: number): void {
  unit.value = next;
}

function take(next: CellReading): void {
  batch(() => {
    reading.value = next;
    if (!(part.value in next.parts)) part.value = stateOf(next);
    const seen = { ...largestSeen.value };
    for (const [name, values] of Object.entries(next.parts)) {
      const most = values.reduce((best, value) => Math.max(best, Math.abs(value)), 0);
      seen[name as PartName] = Math.max(seen[name as PartName] ?? 0, most);
    }
    largestSeen.value = seen;
    if (token.value !== undefined && token.value >= next.tokens.length) token.value = undefined;
  });
}

/** Requests a reading of the current sentence. */
const refresh = newestOnly("cell", async () => {
  const model = which.value;
  if (model === undefined || text.value.trim() === "") return;
  take(await ask("readCell", { which: model, text: text.value }));
});

/** Shows the recorded reading of the page's first sentence, which is available before the model. */
async function takeFirst(): Promise<void> {
  try {
    const response = await fetch(`${SHIPPED_FOLDER}first_reading.safetensors`);
    const first = readReading(new Uint8Array(await response.arrayBuffer()));
    if (reading.value === undefined && text.value === first.text) take(first);
  } catch {
    // Ignored: the model itself will load soon, or report an error.
  }
}

/** Keeps the reading up to date while the view is open. Returns a function that stops it. */
export function followReading(): () => void {
  if (untracked(() => reading.value) === undefined) void takeFirst();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked: string | undefined;
  const endAsking = effect(() => {
    const model = which.value;
    const isTyped = asked !== undefined && asked !== text.value;
    asked = text.value;
    void ownVersion.value;
    if (model === undefined) return;
    clearTimeout(timer);
    timer = setTimeout(refresh, isTyped ? TYPING_MILLISECONDS : 0);
  });
  const endForgetting = effect(() => {
    // Another model has other ranges.
    void which.value;
    largestSeen.value = {};
  });
  const endFollowing = effect(() => {
    const chosen = word.value;
    const at = reading.value?.tokens.findIndex(({ place }) => place === chosen) ?? -1;
    if (chosen !== undefined && at >= 0) token.value = at;
  });
  return () => {
    clearTimeout(timer);
    pause();
    endAsking();
    endForgetting();
    endFollowing();
  };
}

let timer: ReturnType<typeof setInterval> | undefined;

/** Plays the sentence word by word, from the start if the last word is selected. */
export function play(): void {
  const last = (reading.value?.tokens.length ?? 0) - 1;
  if (last < 0) return;
  pause();
  isPlaying.value = true;
  if (token.value === undefined || token.value >= last) chooseToken(0);
  timer = setInterval(() => {
    const next = (token.value ?? 0) + 1;
    chooseToken(Math.min(next, last));
    if (next >= last) pause();
  }, PLAY_MILLISECONDS);
}

export function pause(): void {
  clearInterval(timer);
  isPlaying.value = false;
}

/** Moves the selection by a number of words. */
export function stepBy(by: number): void {
  pause();
  const last = (reading.value?.tokens.length ?? 0) - 1;
  const from = token.value ?? (by > 0 ? -1 : last + 1);
  chooseToken(Math.min(last, Math.max(0, from + by)));
}

/** The logit of the reading, and each unit's contribution. */
export const logit = computed(() => {
  const current = reading.value;
  if (current === undefined || current.output.length === 0) return undefined;
  return order.value.reduce((sum, each) => sum + pushOf(current, each), current.bias);
});
