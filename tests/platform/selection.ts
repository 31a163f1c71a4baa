/** Which cases were asked for, by the environment. */
import { afterAll, test } from "vitest";
import type { ConformanceCase } from "../conformance/case.ts";
import { casesOf, suites } from "../conformance/index.ts";
import { tally } from "../support/tally.ts";

/** The substring that a case's name must hold. */
export const caseFilter: string | undefined = process.env.SLUICE_CASES;

/** The suite of cases, or a share of it such as "graphs/0.1": CI's own when nothing is said. */
export const suite = process.env.SLUICE_SUITE ?? "cases";

/** The conformance cases asked for. */
export const selectedCases = casesOf(suite, caseFilter);

/** The longest that one case may take, in milliseconds. */
export const CASE_MS = suite === "cases" ? 110_000 : 600_000;

/** Declares a test for each of them, run by `run`, and tells the table of long tests what came of them. */
export function declareCases(
  title: string,
  run: (testCase: ConformanceCase) => Promise<unknown>,
  cases: readonly ConformanceCase[] = selectedCases,
): void {
  const lost = new Set(cases);
  const notes: string[] = [];
  for (const testCase of cases) {
    const body = async () => {
      const note = await run(testCase);
      lost.delete(testCase);
      if (typeof note === "string") notes.push(note);
    };
    test(testCase.name, body, CASE_MS + 10_000);
  }
  const sum = (some: Iterable<ConformanceCase>) => [...some].reduce((total, { tries = 1 }) => total + tries, 0);
  afterAll(() => {
    const what = `${suites[suite.split("/")[0] as string]?.what} in ${title}`;
    tally({ what, tried: sum(cases), lost: Math.max(lost.size, sum(lost)), note: notes.join("; ") });
  });
}
