/**
 * Files of a save that somebody replaced by a named pipe, a device without end or a socket: each is refused at once, in
 * Node and in Deno.
 */
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadModel } from "../../src/index.ts";
import { writeModelDirectory } from "../../src/io/model_directory.ts";
import { writeSafetensors } from "../../src/io/safetensors.ts";
import { FileError } from "../../src/platform/file_interface.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";
import { smallModel } from "../nn/small_model.ts";
import { testDevice } from "../support/device.ts";
import { buildChild, hasDeno, RUNTIMES } from "./children.ts";

let folder: string;
let child: string;
/** Folders with a save each, of which one file is odd: `pipe model.json`. */
let saves: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-odd-"));
  child = await buildChild(fileURLToPath(new URL("read_saves.ts", import.meta.url)), join(folder, "child"));
  const whole = join(folder, "whole");
  const weights = writeSafetensors(new Map([["w", { shape: [3], data: new Float32Array(3) }]]));
  await writeModelDirectory(await openFileSystem(), whole, { architecture: [], weights });
  saves = join(folder, "saves");
  await mkdir(saves);
  for (const name of await readdir(whole)) {
    for (const [kind, replace] of Object.entries(ODD)) {
      const save = join(saves, `${kind} ${name}`);
      await cp(whole, save, { recursive: true });
      await rm(join(save, name));
      await replace(join(save, name));
    }
  }
});
afterAll(() => rm(folder, { recursive: true }));

const ODD: Readonly<Record<string, (path: string) => unknown>> = {
  pipe: (path) => execFileSync("mkfifo", [path]),
  zeros: (path) => symlink("/dev/zero", path),
  terminal: (path) => symlink("/dev/tty", path),
  folder: (path) => mkdir(path),
};

for (const [runtime, start] of Object.entries(RUNTIMES)) {
  const isThere = process.platform !== "win32" && (runtime === "Node" || hasDeno);
  test.skipIf(!isThere)(`pipes, devices and folders in a save are refused in ${runtime}`, async () => {
    const started = start(child, saves);
    let text = "";
    started.stdout?.setEncoding("utf8").on("data", (more: string) => {
      text += more;
    });
    const watchdog = setTimeout(() => started.pid !== undefined && process.kill(-started.pid, "SIGKILL"), 20_000);
    await new Promise((resolve) => started.once("close", resolve));
    clearTimeout(watchdog);
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<"name" | "reader" | "kind" | "message", string>);
    expect(lines).toHaveLength(2 * 2 * Object.keys(ODD).length);
    for (const { name, kind, message } of lines) {
      expect(kind, name).toBe("FileError");
      // Without a terminal, opening one fails by itself.
      expect(message, name).toMatch(/expected a (regular )?file|ENXIO/);
    }
  });
}

test("a model is not saved to a URL, and no folder is made", async () => {
  const device = await testDevice();
  using model = smallModel(device);
  for (const url of ["http://localhost/model", "https://localhost/model", "file:///model", "s3://bucket/model"]) {
    const error = await model.save(url).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(FileError);
    expect(String(error)).toMatch(/it is a URL; expected a file path, such as runs\/first/);
  }
  // What fetch() knows nothing of is not taken for a path either.
  await expect(loadModel("s3://bucket/model", { device })).rejects.toThrow(/it is a URL; expected a file path/);
  expect((await readdir(".")).filter((name) => name.endsWith(":"))).toEqual([]);
});
