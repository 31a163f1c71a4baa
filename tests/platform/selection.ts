/** Which runtimes and cases were asked for, by the environment. */
import { describe, test } from "vitest";
import { cases } from "../conformance/index.ts";
import { matching } from "../conformance/run.ts";

const RUNTIMES = ["node", "deno", "chromium", "firefox"] as const;

const runtimes = process.env.SLUICE_RUNTIMES?.split(",");
const unknown = runtimes?.filter((name) => !RUNTIMES.some((known) => known === name)) ?? [];
if (unknown.length > 0)
  throw new Error(`SLUICE_RUNTIMES: unknown ${unknown.join(", ")}; expected some of ${RUNTIMES.join(",")}`);

/** The substring that a case's name must hold. */
export const caseFilter: string | undefined = process.env.SLUICE_CASES;

/** The conformance cases asked for. */
export const selectedCases = matching(cases, caseFilter);

/** Whether the cases should run in `runtime`; all runtimes are asked for when nothing is said. */
export function isWanted(runtime: (typeof RUNTIMES)[number]): boolean {
  return runtimes?.includes(runtime) ?? true;
}

/** Declares `title` as skipped, with the reason where everyone sees it. */
export function describeSkipped(title: string, reason: string): void {
  console.warn(`SKIPPED: no conformance case ran in ${title}: ${reason}`);
  describe(title, () => test.skip(reason, () => undefined));
}
