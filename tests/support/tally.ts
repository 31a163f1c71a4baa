/** Rows for the table that `npm run test:long` prints at its end. */
import { appendFileSync } from "node:fs";

/** What a long test tried, and how much of it was lost. */
export interface Tally {
  /** Such as "saves killed in Node". */
  readonly what: string;
  readonly tried: number;
  readonly lost: number;
  /** Such as the largest memory seen. */
  readonly note?: string;
}

/** Tells `scripts/test_long.mjs` of it; does nothing in other test runs. */
export function tally(row: Tally): void {
  const file = process.env.SLUICE_TALLY;
  if (file) appendFileSync(file, `${JSON.stringify(row)}\n`);
}
