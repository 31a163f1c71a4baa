/** Which runtimes were asked for, by the environment. */
import { describe, test } from "vitest";

const RUNTIMES = ["node", "deno", "chromium", "firefox"] as const;

const runtimes = process.env.SLUICE_RUNTIMES?.split(",");
const unknown = runtimes?.filter((name) => !RUNTIMES.some((known) => known === name)) ?? [];
if (unknown.length > 0)
  throw new Error(`SLUICE_RUNTIMES: unknown ${unknown.join(", ")}; expected some of ${RUNTIMES.join(",")}`);

/** Whether tests should run in `runtime`; all runtimes are asked for when nothing is said. */
export function isWanted(runtime: (typeof RUNTIMES)[number]): boolean {
  return runtimes?.includes(runtime) ?? true;
}

/** Declares `title` as skipped, with the reason where everyone sees it. */
export function describeSkipped(title: string, reason: string): void {
  console.warn(`SKIPPED: nothing ran in ${title}: ${reason}`);
  describe(title, () => test.skip(reason, () => undefined));
}
