/**
 * Stores the page's state in the URL hash: the view, then the settings and the selection, such as
 * `#train?epochs=3&unit=12`. Changes replace the history entry, at most four times a second, so that going back leaves
 * the page.
 */
import { effect } from "@preact/signals";
import { settingsFrom, settingsToText } from "./settings.ts";
import { settings, text, unit, view, word } from "./state.ts";

/** Browsers limit how often a page may replace the URL. */
const LEAST_MILLISECONDS = 250;

/** Parses a whole number; undefined if it is invalid. */
function count(value: string | null): number | undefined {
  return value !== null && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}

function hashOf(name: string, extra: readonly (readonly [string, string])[] = []): string {
  const query = new URLSearchParams();
  const selection: [string, number | undefined][] = [
    ["word", word.value],
    ["unit", unit.value],
  ];
  const numbers = selection.flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as const]));
  for (const [key, value] of [...settingsToText(settings.value), ...numbers, ...extra]) query.set(key, value);
  return query.size === 0 ? `#${name}` : `#${name}?${query}`;
}

/**
 * The link to a view, with the current settings. It includes the path, because a bare `#` would be a link within the
 * page.
 */
export function viewLink(name: string): string {
  return `${location.pathname}${location.search}${hashOf(name)}`;
}

/** The URL to share, with the text only if `withText`. */
export function shareLink(withText: boolean): string {
  const url = new URL(location.href);
  url.hash = withText ? hashOf("ask", [["text", text.value]]) : hashOf("train");
  return url.href;
}

/** Reads the state from the URL. A view that is not in `views` is ignored. */
function read(views: readonly string[]): void {
  const [name = "", query = ""] = location.hash.slice(1).split("?", 2);
  view.value = views.includes(name) ? name : (views[0] as string);
  const fields = new URLSearchParams(query);
  if (query !== "") settings.value = settingsFrom((key) => fields.get(key));
  const shared = fields.get("text");
  if (shared !== null) text.value = shared;
  if (fields.has("word")) word.value = count(fields.get("word"));
  if (fields.has("unit")) unit.value = count(fields.get("unit"));
}

/** Synchronizes the state and the URL. */
export function followAddress(views: readonly string[]): void {
  read(views);
  addEventListener("hashchange", () => read(views));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let written = 0;
  effect(() => {
    const hash = hashOf(view.value);
    clearTimeout(timer);
    const wait = Math.max(0, written + LEAST_MILLISECONDS - performance.now());
    timer = setTimeout(() => {
      written = performance.now();
      if (location.hash !== hash) history.replaceState(history.state, "", hash);
    }, wait);
  });
}
