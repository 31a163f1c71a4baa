/**
 * The page's state in its address, after the `#`: the view, then the settings and the selection, as in
 * `#train?epochs=3&unit=12`. It is replaced as they change, at most four times a second; going back leaves the page.
 */
import { effect } from "@preact/signals";
import { settingsFrom, settingsToText } from "./settings.ts";
import { settings, text, unit, view, word } from "./state.ts";

/** Browsers refuse to replace the address much more often. */
const LEAST_MILLISECONDS = 250;

/** A whole number of an address, or nothing. */
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
 * The link to a view; what is set stays. It names the page too: a bare `#` would be taken for a link to a part of the
 * text.
 */
export function viewLink(name: string): string {
  return `${location.pathname}${location.search}${hashOf(name)}`;
}

/** The address to share: of the view that it is for, and with what stands in the text box only if asked for. */
export function shareLink(withText: boolean): string {
  const url = new URL(location.href);
  url.hash = withText ? hashOf("ask", [["text", text.value]]) : hashOf("train");
  return url.href;
}

/** Takes the state out of the address, of which only `views` are known. */
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

/** Keeps state and address alike from now on. */
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
