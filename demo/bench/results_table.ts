/** The results as they come, row by row. */
import { type BenchProblem, type BenchResult, digits, problemRow, ratesOf, seconds } from "sluice/bench";
import { cell, element, shareCell } from "./dom.ts";

const body = element("results", HTMLTableSectionElement);
const notes = element("notes", HTMLUListElement);

/** Empties table and notes. */
export function clearResults(): void {
  body.replaceChildren();
  notes.replaceChildren();
}

/** Adds a result. */
export function addResult(result: BenchResult): void {
  const { name, library, variant, isDefault, measurement, roofShare, ratio } = result;
  const { gflops, gigabytes } = ratesOf(result);
  const { median, low, high, isNoisy } = measurement;
  const by =
    library === "sluice" ? `Sluice${variant ? `, ${variant}` : ""}${isDefault && variant ? " ★" : ""}` : library;
  const row = document.createElement("tr");
  row.className = isNoisy ? "noisy" : "";
  const last =
    ratio === undefined
      ? shareCell(roofShare, isDefault ? "" : "other")
      : cell(`${digits(ratio.median)} × Sluice's time`);
  row.append(
    cell(name),
    cell(by),
    cell(`${seconds(median)}${isNoisy ? " (noisy)" : ""}`, "number"),
    cell(`${seconds(low)} – ${seconds(high)}`, "number"),
    cell(gflops > 0 ? digits(gflops) : "", "number"),
    cell(gigabytes > 0 ? digits(gigabytes) : "", "number"),
    last,
  );
  body.append(row);
}

/** Adds a line below the table. */
export function addNote(text: string): void {
  const line = document.createElement("li");
  line.textContent = text;
  notes.append(line);
}

/** Adds what could not be measured. */
export function addProblem(problem: BenchProblem): void {
  addNote(problemRow(problem));
}
