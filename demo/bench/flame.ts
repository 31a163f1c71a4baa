/** A step's time: a bar of its dispatches in the order in which they ran, and a table by operation. */
import type { DispatchTime } from "sluice";
import { seconds as words } from "sluice/bench";
import { cell, element, shareCell } from "./dom.ts";

/** Colours of the operations that take longest; the others share the last. */
const COLOURS = 6;
/** A slice narrower than this share has no room for its name. */
const NAMED = 0.08;

interface Total {
  readonly operation: string;
  readonly dispatches: number;
  readonly seconds: number;
}

function totalsOf(times: readonly DispatchTime[]): Total[] {
  const totals = new Map<string, Total>();
  for (const { operation, seconds } of times) {
    const before = totals.get(operation) ?? { operation, dispatches: 0, seconds: 0 };
    totals.set(operation, {
      operation,
      dispatches: before.dispatches + 1,
      seconds: before.seconds + seconds,
    });
  }
  return [...totals.values()].sort((a, b) => b.seconds - a.seconds);
}

/** Shows a profile. */
export function showProfile(times: readonly DispatchTime[]): void {
  const totals = totalsOf(times);
  const all = totals.reduce((sum, { seconds }) => sum + seconds, 0) || 1;
  const colours = new Map(
    totals.map(({ operation }, rank) => [operation, `var(--slice-${Math.min(rank, COLOURS - 1)})`]),
  );
  const paint = (made: HTMLElement, operation: string) =>
    made.style.setProperty("--slice", colours.get(operation) ?? "var(--slice-5)");

  const slices = times.map(({ kernel, operation, seconds }) => {
    const slice = document.createElement("span");
    const isNamed = seconds / all >= NAMED;
    slice.style.flexGrow = String(Math.max(seconds / all, 1e-4));
    slice.style.flexBasis = "0";
    slice.className = isNamed ? "" : "thin";
    slice.textContent = isNamed ? operation : "";
    slice.title = `${operation}: ${kernel}, ${words(seconds)}, ${((100 * seconds) / all).toFixed(1)}%`;
    paint(slice, operation);
    return slice;
  });
  element("flame", HTMLDivElement).replaceChildren(...slices);

  const rows = totals.map(({ operation, dispatches, seconds }) => {
    const row = document.createElement("tr");
    const name = cell("");
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    paint(swatch, operation);
    name.append(swatch, operation);
    row.append(name, cell(String(dispatches), "number"), cell(words(seconds), "number"), shareCell(seconds / all));
    return row;
  });
  element("operations", HTMLTableSectionElement).replaceChildren(...rows);
}
