/** A step's time: a bar of its dispatches in the order in which they ran, and a table by operation. */
import { type DispatchTime, operationTimes } from "sluice";
import { seconds as words } from "sluice/bench";
import { cell, element, shareCell } from "./dom.ts";

/** Colours of the operations that take longest; the others share the last. */
const COLOURS = 6;
/** A slice narrower than this share has no room for its name. */
const NAMED = 0.08;

/** Shows a profile. */
export function showProfile(times: readonly DispatchTime[]): void {
  const totals = operationTimes(times);
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

  const rows = totals.map(({ operation, dispatches, seconds, share }) => {
    const row = document.createElement("tr");
    const name = cell("");
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    paint(swatch, operation);
    name.append(swatch, operation);
    row.append(name, cell(String(dispatches), "number"), cell(words(seconds), "number"), shareCell(share));
    return row;
  });
  element("operations", HTMLTableSectionElement).replaceChildren(...rows);
}
