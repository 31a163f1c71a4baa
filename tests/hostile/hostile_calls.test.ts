/**
 * Every exported function, constructor and method is called with hostile values: it ends in a SluiceError, or gives a
 * result. SLUICE_CALLS sets how many calls, SLUICE_SEED which.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { AbortError, type Device, FileError, FormatError, SluiceError } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { tally } from "../support/tally.ts";
import { type Target, targetsOf } from "./targets.ts";
import { CallerError, spoilt } from "./values.ts";

const CALLS = Number(process.env.SLUICE_CALLS ?? 1500);
const SEED = Number(process.env.SLUICE_SEED ?? 20261125);

let device: Device;
/** Saves and logs of calls that succeed go there. */
const folder = mkdtempSync(join(tmpdir(), "sluice-hostile-"));
const before = process.cwd();
beforeAll(async () => {
  device = await testDevice();
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

type Outcome = "refused" | "result" | "the caller's own" | { readonly raw: unknown };

async function attempt(target: Target, args: readonly unknown[]): Promise<Outcome> {
  try {
    const result = await target.call(args);
    if (typeof result === "object" && result !== null && Object.hasOwn(result, "dispose")) {
      const { dispose } = result as { readonly dispose?: unknown };
      if (typeof dispose === "function") dispose.call(result);
    }
    return "result";
  } catch (error) {
    // A class that is called as a function throws by itself.
    const isOwn = error instanceof CallerError || /cannot be invoked without 'new'/.test(String(error));
    if (isOwn) return "the caller's own";
    return error instanceof SluiceError ? "refused" : { raw: error };
  }
}

test("every exported function has right arguments here", () => {
  expect(targetsOf(device).missing).toEqual([]);
});

test("right arguments are accepted", { timeout: 60_000 }, async () => {
  const wrong: string[] = [];
  for (const target of targetsOf(device).targets) {
    try {
      await target.call(await target.valid());
    } catch (error) {
      // Of what this machine lacks: archives, browsers' storage, files of other programs.
      if (!(error instanceof FileError || error instanceof FormatError || error instanceof AbortError))
        wrong.push(`${target.name}: ${error}`);
    }
  }
  expect(wrong).toEqual([]);
});

test(`${CALLS} calls with hostile values (seed ${SEED})`, { timeout: 7_200_000 }, async () => {
  const { targets } = targetsOf(device);
  const random = new Random(SEED);
  const counts = { refused: 0, result: 0, "the caller's own": 0, raw: 0 };
  const raw = new Map<string, number>();
  for (let call = 0; call < CALLS; call++) {
    const target = targets[call % targets.length] as Target;
    const args = spoilt(random, await target.valid());
    const outcome = await attempt(target, args);
    if (typeof outcome === "string") counts[outcome]++;
    else {
      counts.raw++;
      const { raw: error } = outcome;
      const where = error instanceof Error ? /\/src\/[^)\n]*/.exec(error.stack ?? "")?.[0] : "";
      const what = `${target.name}: ${String(error).slice(0, 100)} at ${where}`;
      raw.set(what, (raw.get(what) ?? 0) + 1);
    }
  }
  console.log(JSON.stringify(counts), `of ${CALLS} calls of ${targets.length} names`);
  tally({ what: "calls with hostile values", tried: CALLS, lost: counts.raw, note: `seed ${SEED}` });
  expect([...raw].map(([what, times]) => `${times} × ${what}`).sort()).toEqual([]);
});
