/**
 * Two processes that save into one directory at the same time: one of the saves can be loaded, and no reader sees half
 * of one.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildChild, hasDeno, RUNTIMES } from "../children.ts";
import { loadNumber, saveNumber } from "../numbered_model.ts";
import { ROUNDS, runRounds } from "./rounds.ts";

let folder: string;
let child: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-processes-"));
  child = await buildChild(fileURLToPath(new URL("save_on_request.ts", import.meta.url)), folder);
});
afterAll(() => rm(folder, { recursive: true }));

/** A child that saves on request. */
async function startSaver(process: ChildProcess): Promise<{ save(value: number): Promise<void>; end(): void }> {
  const { stdin, stdout, stderr } = process;
  if (!stdin || !stdout || !stderr) throw new Error("the child has no pipes");
  let complaint = "";
  stderr.on("data", (part) => {
    complaint += part;
  });
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const expectLine = async (expected: string) => {
    const { value } = await lines.next();
    if (value !== expected) throw new Error(`the child said ${value}; expected ${expected}. ${complaint}`);
  };
  await expectLine("ready");
  return {
    async save(value) {
      stdin.write(`${value}\n`);
      await expectLine(String(value));
    },
    end: () => stdin.end(),
  };
}

if (!hasDeno) console.warn("SKIPPED: two processes that save at once in Deno; `npm ci` brings it");

const PAIRS = [
  ["Node", "Node"],
  ["Deno", "Deno"],
  ["Node", "Deno"],
] as const;
for (const pair of PAIRS) {
  const name = pair.join(" and ");
  test.skipIf(!hasDeno && pair.some((runtime) => runtime === "Deno"))(
    `${ROUNDS} rounds of two processes, ${name}, leave a save each`,
    { timeout: 60_000 + 500 * ROUNDS },
    async () => {
      const directory = join(folder, pair.join("-"));
      const savers = await Promise.all(pair.map((runtime) => startSaver(RUNTIMES[runtime](child, directory))));
      try {
        const problems = await runRounds({
          what: `saves of two processes at once, ${name}`,
          save: (...values) => Promise.all(savers.map((saver, index) => saver.save(values[index] ?? 0))),
          load: () => loadNumber(directory),
        });
        expect(problems).toEqual([]);
      } finally {
        for (const saver of savers) saver.end();
      }
      const long = new Date(Date.now() - 11 * 60_000);
      for (const file of await readdir(directory)) await utimes(join(directory, file), long, long);
      await saveNumber(directory, 5);
      expect((await readdir(directory)).length, "what is older than ten minutes is cleared").toBe(3);
    },
  );
}
