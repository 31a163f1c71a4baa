/** A save that is killed at any moment leaves the old save or the new one. The child runs in Deno, which runs TypeScript as it stands. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readModelDirectory, writeModelDirectory } from "../../src/io/model_file.ts";
import { readSafetensors } from "../../src/io/safetensors.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const deno = here("../../node_modules/.bin/deno");
const kills = Number(process.env.SLUICE_KILLS ?? 15);
if (!existsSync(deno)) console.warn("SKIPPED: saves that are killed; `npm ci` brings the deno that runs them");

/** Starts the child and kills it some time after its first save. */
async function saveAndKill(directory: string, delay: number): Promise<void> {
  const child = spawn(deno, ["run", "--quiet", "--allow-all", here("save_forever.ts"), directory], { detached: true });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await Promise.race([exited, new Promise((resolve) => child.stdout.once("data", resolve))]);
  await new Promise((resolve) => setTimeout(resolve, delay));
  // The group: npm's deno is a script that starts the binary.
  if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  await exited;
}

test.skipIf(!existsSync(deno) || process.platform === "win32")(`a save survives ${kills} kills`, async () => {
  const folder = await mkdtemp(`${tmpdir()}/sluice-kill-`);
  const files = await openFileSystem();
  try {
    for (let kill = 0; kill < kills; kill++) {
      await saveAndKill(folder, (kill * 7.3) % 40);
      const { training, weights, optimizer } = await readModelDirectory(files, folder);
      const { save } = training as { save: number };
      expect(readSafetensors(weights).tensors.get("w")?.data[0]).toBe(save);
      expect(readSafetensors(optimizer ?? new Uint8Array()).tensors.get("m")?.data[19_999]).toBe(save);
    }
    const last = await readModelDirectory(files, folder);
    await writeModelDirectory(files, folder, last);
    expect((await readdir(folder)).length, "what the kills left is cleared").toBe(3);
  } finally {
    await rm(folder, { recursive: true });
  }
});
