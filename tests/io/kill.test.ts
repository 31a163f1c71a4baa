/**
 * A save that is killed at any moment leaves the old save or the new one: a child that saves without an end is killed
 * by SIGKILL, SLUICE_KILLS times in Node and in Deno, at moments drawn from SLUICE_SEED.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { readModelDirectory, writeModelDirectory } from "../../src/io/model_file.ts";
import { readSafetensors } from "../../src/io/safetensors.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";
import { tally } from "../support/tally.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const kills = Number(process.env.SLUICE_KILLS ?? 12);
const seed = Number(process.env.SLUICE_SEED ?? 7);
/** Many times what a save takes. */
const LONGEST_MS = 40;

let folder: string;
/** The child as one file of JavaScript, which Node and Deno both run. */
let child: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-kill-"));
  await build({
    configFile: false,
    logLevel: "error",
    build: {
      outDir: folder,
      target: "es2023",
      lib: { entry: here("save_forever.ts"), formats: ["es"], fileName: () => "child.mjs" },
    },
  });
  child = join(folder, "child.mjs");
});
afterAll(() => rm(folder, { recursive: true }));

const deno = here("../../node_modules/.bin/deno");
const RUNTIMES: Readonly<Record<string, (directory: string) => ChildProcess>> = {
  // In a group of its own: npm's deno is a script that starts the binary.
  Node: (directory) => spawn(process.execPath, [child, directory], { detached: true }),
  Deno: (directory) => spawn(deno, ["run", "--quiet", "--allow-all", child, directory], { detached: true }),
};
if (!existsSync(deno)) console.warn("SKIPPED: saves that are killed in Deno; `npm ci` brings it");

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
  const isThere = process.platform !== "win32" && (runtime === "Node" || existsSync(deno));
  test.skipIf(!isThere)(
    `a save survives ${kills} kills in ${runtime} (seed ${seed})`,
    { timeout: 600_000 },
    async () => {
      const directory = join(folder, runtime);
      const files = await openFileSystem();
      const random = new Random(seed);
      let unfinished = 0;
      let lost = 0;
      for (let kill = 0; kill < kills; kill++) {
        const delay = random.uniform() * LONGEST_MS;
        await saveAndKill(start(directory), delay);
        if ((await readdir(directory)).length !== 3) unfinished++;
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
      await writeModelDirectory(files, directory, last);
      expect((await readdir(directory)).length, "what the kills left is cleared").toBe(3);
    },
  );
}
