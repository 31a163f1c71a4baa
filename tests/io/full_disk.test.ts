/** A disk that is full, or fails, at any moment of a save leaves the old save or the new one, and says so by name. */
import * as nodeFiles from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readModelDirectory, writeModelDirectory } from "../../src/io/model_directory.ts";
import type { SavedModel } from "../../src/io/model_file.ts";
import { writeSafetensors } from "../../src/io/safetensors.ts";
import { FileError } from "../../src/platform/file_interface.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";
import { type NodeFileFunctions, type NodeFileHandle, nodeFileSystem } from "../../src/platform/node_file_system.ts";
import { tally } from "../support/tally.ts";
import { mountMemory, unmount } from "./mounts.ts";

let folder = "";
beforeEach(async () => {
  folder = await nodeFiles.mkdtemp(join(tmpdir(), "sluice-disk-"));
});
afterEach(() => nodeFiles.rm(folder, { recursive: true }));

function modelOf(save: number, elements = 100): SavedModel {
  const tensors = new Map([["w", { shape: [elements], data: new Float32Array(elements).fill(save) }]]);
  return {
    architecture: [],
    training: { save },
    weights: writeSafetensors(tensors),
    optimizer: writeSafetensors(tensors),
  };
}

const savedAt = async (directory: string): Promise<unknown> =>
  (await readModelDirectory(await openFileSystem(), directory)).training;

/** What a failed save left and could not remove goes when it is ten minutes old. */
async function makeOld(directory: string): Promise<void> {
  const then = new Date(Date.now() - 11 * 60_000);
  for (const name of await nodeFiles.readdir(directory)) await nodeFiles.utimes(join(directory, name), then, then);
}

/** The functions of `node:fs/promises`, of which the call with number `failAt` fails, the handles' methods included. */
function failingAt(failAt: number, code: string): { readonly functions: NodeFileFunctions; calls(): number } {
  let calls = 0;
  const guard =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (calls++ === failAt) throw Object.assign(new Error(`injected ${code}`), { code });
      return work(...args);
    };
  const handleOf = (handle: NodeFileHandle): NodeFileHandle => ({
    read: handle.read.bind(handle),
    write: guard((bytes, at, length) => handle.write(bytes, at, length)),
    stat: () => handle.stat(),
    sync: guard(() => handle.sync()),
    // It is closed, as POSIX has it, and the error is one of an earlier write.
    close: () => handle.close().then(guard(async () => undefined)),
  });
  const functions: NodeFileFunctions = {
    open: guard(async (path, flags) => handleOf(await nodeFiles.open(path, flags))),
    rename: guard(nodeFiles.rename),
    unlink: guard(nodeFiles.unlink),
    readdir: guard((path) => nodeFiles.readdir(path)),
    mkdir: guard(nodeFiles.mkdir),
    stat: guard((path) => nodeFiles.stat(path)),
    realpath: guard((path) => nodeFiles.realpath(path)),
    constants: nodeFiles.constants,
  };
  return { functions, calls: () => calls };
}

describe.each(["ENOSPC", "EIO"])("%s", (code) => {
  test("at any call of a save leaves the old save or the new one, and the next save works", async () => {
    let failures = 0;
    for (let failAt = 0; ; failAt++) {
      const directory = join(folder, String(failAt));
      await writeModelDirectory(await openFileSystem(), directory, modelOf(1));
      const { functions, calls } = failingAt(failAt, code);
      const error: unknown = await writeModelDirectory(nodeFileSystem(functions), directory, modelOf(2)).catch(
        (cause) => cause,
      );
      expect([{ save: 1 }, { save: 2 }]).toContainEqual(await savedAt(directory));
      if (error === undefined) expect(await savedAt(directory)).toEqual({ save: 2 });
      else expect(error).toBeInstanceOf(FileError);
      if (error instanceof FileError) {
        expect(error.details).toMatchObject({ code });
        expect(error.message).toContain(directory);
        failures++;
      }
      await makeOld(directory);
      await writeModelDirectory(await openFileSystem(), directory, modelOf(3));
      expect(await savedAt(directory)).toEqual({ save: 3 });
      expect((await nodeFiles.readdir(directory)).length, "nothing stale is left").toBe(3);
      if (calls() <= failAt) break;
    }
    // Three files, each opened, written, flushed, closed and renamed at least.
    expect(failures).toBeGreaterThan(15);
    tally({ what: `saves with ${code} at every call`, tried: failures, lost: 0 });
  });
});

test("a disk that is really full leaves the old save, gives back what it took, and says so", async (context) => {
  if (!mountMemory(folder)) {
    console.warn("SKIPPED: a save on a full disk of 2 MiB; only root on Linux can mount one");
    return context.skip();
  }
  try {
    const files = await openFileSystem();
    const directory = join(folder, "model");
    // Twice 480 KB: there is room for one, and for a half of the next.
    await writeModelDirectory(files, directory, modelOf(1, 120_000));
    const before = await nodeFiles.readdir(directory);
    for (let save = 2; save < 5; save++) {
      const error = await writeModelDirectory(files, directory, modelOf(save, 200_000)).catch((cause) => cause);
      expect(error).toBeInstanceOf(FileError);
      expect(error.message).toMatch(/the disk is full.*ENOSPC.*the previous contents are unchanged/);
      expect(await savedAt(directory)).toEqual({ save: 1 });
      expect(await nodeFiles.readdir(directory)).toEqual(before);
    }
    await writeModelDirectory(files, directory, modelOf(9, 50_000));
    expect(await savedAt(directory)).toEqual({ save: 9 });
    tally({ what: "saves on a full disk of 2 MiB", tried: 3, lost: 0 });
  } finally {
    unmount(folder);
  }
});
