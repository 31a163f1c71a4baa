/**
 * A save that is killed at any moment leaves the old save or the new one: a child that saves without an end is killed
 * by SIGKILL, SLUICE_KILLS times in Node and in Deno, at moments drawn from SLUICE_SEED.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { readModelDirectory, writeModelDirectory } from "../../src/io/model_directory.ts";
import { readSafetensors } from "../../src/io/safetensors.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";
import { tally } from "../support/tally.ts";
import { buildChild, hasDeno, RUNTIMES } from "./children.ts";

const kills = Number(process.env.SLUICE_KILLS ?? 12);
const seed = Number(process.env.SLUICE_SEED ?? 7);
/** Many times what a save takes. */
const LONGEST_MS = 40;

let folder: string;
/** The child as one file of JavaScript, which Node and Deno both run. */
let child: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-kill-"));
  child = await buildChild(fileURLToPath(new URL("save_forever.ts", import.meta.url)), folder);
});
afterAll(() => rm(folder, { recursive: true }));

if (!hasDeno) console.warn("SKIPPED: saves that are killed in Deno; `npm ci` brings it");

/** Starts the child and kills it some time after its first save. */
async function saveAndKill(started: ChildProcess, delay: number): Promise<void> {
  const exited = new Promise<void>((resolve) => started.once("exit", () => resolve()));
  await Promise.race([exited, new Promise((resolve) => started.stdout?.once("data", resolve))]);
  await new Promise((resolve) => setTimeout(resolve, delay));
  if (started.pid !== undefined && started.exitCode === null) process.kill(-started.pid, "SIGKILL");
  await exited;
  expect(started.signalCode, "the child was still saving").toBe("SIGKILL");
}

for (const [runtime, start] of Object.entries(RUNTIMES)) {
  const isThere = process.platform !== "win32" && (runtime === "Node" || hasDeno);
  test.skipIf(!isThere)(
    `a save survives ${kills} kills in ${runtime} (seed ${seed})`,
    { timeout: 600_000 },
    async () => {
      const directory = join(folder, runtime);
      const files = await openFileSystem();
      const random = new Random(seed);
      let [unfinished, lost, before] = [0, 0, 3];
      for (let kill = 0; kill < kills; kill++) {
        const delay = random.uniform() * LONGEST_MS;
        await saveAndKill(start(child, directory), delay);
        const { length } = await readdir(directory);
        if (length !== before) unfinished++;
        before = length;
        try {
          const { training, weights, optimizer } = await readModelDirectory(files, directory);
          const { save } = training as { save: number };
          expect(readSafetensors(weights).tensors.get("w")?.data[0]).toBe(save);
          expect(readSafetensors(optimizer ?? new Uint8Array()).tensors.get("m")?.data[19_999]).toBe(save);
        } catch (error) {
          lost++;
          console.error(`kill ${kill} after ${delay.toFixed(1)} ms:`, error);
        }
      }
      tally({ what: `saves killed in ${runtime}`, tried: kills, lost, note: `${unfinished} fell within a save` });
      expect(lost).toBe(0);
      expect(unfinished, "some kills fall within a save").toBeGreaterThan(0);
      const last = await readModelDirectory(files, directory);
      const then = new Date(Date.now() - 11 * 60_000);
      for (const name of await readdir(directory)) await utimes(join(directory, name), then, then);
      await writeModelDirectory(files, directory, last);
      expect((await readdir(directory)).length, "what the kills left is cleared once it is ten minutes old").toBe(3);
    },
  );
}
