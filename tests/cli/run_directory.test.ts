/** What a training was settings and its model, in one directory: never of two runs. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RunKind, readRun, writeRun } from "../../src/cli/run_directory.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { countOf } from "../../src/core/json_check.ts";
import { writeModelDirectory } from "../../src/io/model_directory.ts";
import { packModel, unpackModel } from "../../src/io/model_file.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";
import { numberedModel } from "../io/numbered_model.ts";

const files = await openFileSystem();
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-run-"));
});
afterEach(() => rm(folder, { recursive: true }));

const KIND: RunKind<{ readonly value: number }> = {
  task: "train",
  read: (fields, path) => ({ value: countOf(fields.get("value"), path) }),
};
const write = async (directory: string, value: number): Promise<void> =>
  writeRun(files, directory, "train", { settings: { value }, files: await packModel(numberedModel(value)) });

/** The number that the training was settings; the model must have it too. */
async function read(): Promise<number> {
  const { settings, files: saved } = await readRun(files, folder, KIND);
  expect((await unpackModel(saved)).training).toEqual(settings);
  return settings.value;
}

test("several runs with one directory leave what was settings and the model of one of them", async () => {
  for (let round = 0; round < 10; round++) {
    await Promise.all([write(folder, 1), write(`${folder}/.`, 2), write(`${folder}/./.`, 3)]);
    expect([1, 2, 3]).toContain(await read());
  }
});

test("a run of an earlier version, whose run.json lies beside the model, is read", async () => {
  await writeModelDirectory(files, folder, numberedModel(4));
  await expect(read()).rejects.toThrow(/model\.json contains no training settings; expected .*sluice train/);
  await expect(read()).rejects.toThrow(UsageError);
  await writeFile(join(folder, "run.json"), JSON.stringify({ format: "sluice-run", formatVersion: 1, value: 4 }));
  expect(await read()).toBe(4);
  await write(folder, 5);
  expect(await read()).toBe(5);
});
