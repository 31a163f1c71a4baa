/**
 * The two slots of a browser's save, with a failure or a kill at every one of their changes. In memory; browsers follow
 * in their own file.
 */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { FormatError, openBrowserSaves, SluiceError, ValueError } from "../../../src/index.ts";
import { browserSaves } from "../../../src/io/browser_saves.ts";
import { sha256Hex } from "../../../src/io/sha256.ts";
import { FileError } from "../../../src/platform/file_interface.ts";
import {
  type PrivateDirectory,
  readPrivateFile,
  writePrivateFile,
} from "../../../src/platform/origin_private_files.ts";
import { MemoryStorage, type Writing } from "./memory_storage.ts";

const filesOf = (value: number) =>
  new Map([
    ["weights-00.safetensors", new Uint8Array(20).fill(value)],
    ["empty", new Uint8Array()],
    ["model.json", new TextEncoder().encode(`{"save":${value}}`)],
  ]);

/** The slot's directory and its manifest, past the checksum. */
async function slotOf(storage: MemoryStorage, slot: string) {
  const folder = await (await storage.root()).getDirectoryHandle("sluice-saves");
  const directory = await (await folder.getDirectoryHandle("m")).getDirectoryHandle(slot);
  const bytes = (await readPrivateFile(directory, "manifest", 1e6)) as Uint8Array;
  return { directory, manifest: JSON.parse(new TextDecoder().decode(bytes.subarray(64))) };
}

async function putManifest(directory: PrivateDirectory, manifest: unknown): Promise<void> {
  const text = JSON.stringify(manifest);
  const sha256 = await sha256Hex(new TextEncoder().encode(text));
  await writePrivateFile(directory, "manifest", new TextEncoder().encode(sha256 + text));
}

describe.each<Writing>(["sync", "stream"])("saves written by %s handles", (writing) => {
  test("come back as they went, the newest of several, and are listed and removed", async () => {
    const saves = browserSaves(new MemoryStorage(writing));
    for (const value of [1, 2, 3]) {
      await saves.save("m", filesOf(value));
      expect(await saves.load("m")).toEqual(filesOf(value));
    }
    await saves.save("../a b/ü", filesOf(9));
    const list = await saves.list();
    expect(list.map(({ name, bytes }) => [name, bytes])).toEqual([
      ["../a b/ü", 30],
      ["m", 30],
    ]);
    expect(Math.abs((list[0]?.savedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    await saves.remove("m");
    await saves.remove("m");
    expect((await saves.list()).map(({ name }) => name)).toEqual(["../a b/ü"]);
    expect(await saves.load("../a b/ü")).toEqual(filesOf(9));
  });

  test("saves that are not awaited leave the last, and what is loaded meanwhile is whole", async () => {
    const storage = new MemoryStorage(writing);
    await browserSaves(storage).save("m", filesOf(0));
    const tabs = [browserSaves(storage), browserSaves(storage)];
    const work = Array.from({ length: 12 }, (_, index) => {
      const tab = tabs[index % 2] ?? browserSaves(storage);
      return [tab.save("m", filesOf(index + 1)), tab.load("m")] as const;
    });
    for (const [index, [saving, loading]] of work.entries()) {
      await saving;
      expect(await loading).toEqual(filesOf(index + 1));
    }
    expect(await browserSaves(storage).load("m")).toEqual(filesOf(12));
  });

  test.each([0, 1, 2])(
    "a failure at any change of a save after %i others leaves the old save or the new",
    async (others) => {
      for (let failAt = 0; ; failAt++) {
        const storage = new MemoryStorage(writing);
        for (let value = 1; value <= others; value++) await browserSaves(storage).save("m", filesOf(value));
        storage.changes = 0;
        storage.failAt = failAt;
        const failed = await browserSaves(storage)
          .save("m", filesOf(7))
          .then(
            () => false,
            (error) => error,
          );
        storage.failAt = Number.POSITIVE_INFINITY;
        const loaded = await browserSaves(storage)
          .load("m")
          .catch((error) => error);
        if (failed === false) {
          expect(loaded).toEqual(filesOf(7));
          expect(failAt).toBeGreaterThan(8);
          break;
        }
        expect(failed).toBeInstanceOf(FileError);
        if (others === 0 && loaded instanceof Error) expect(loaded).toMatchObject({ details: { code: "ENOENT" } });
        else expect([filesOf(others), filesOf(7)]).toContainEqual(loaded);
        await browserSaves(storage).save("m", filesOf(8));
        expect(await browserSaves(storage).load("m")).toEqual(filesOf(8));
      }
    },
  );

  test("a failure at any change of a removal leaves a whole save or none", async () => {
    for (let failAt = 0; ; failAt++) {
      const storage = new MemoryStorage(writing);
      for (const value of [1, 2]) await browserSaves(storage).save("m", filesOf(value));
      storage.changes = 0;
      storage.failAt = failAt;
      const failed = await browserSaves(storage)
        .remove("m")
        .then(
          () => false,
          () => true,
        );
      storage.failAt = Number.POSITIVE_INFINITY;
      const loaded = await browserSaves(storage)
        .load("m")
        .catch((error) => error);
      if (loaded instanceof Error) expect(loaded).toMatchObject({ details: { code: "ENOENT" } });
      else expect([filesOf(1), filesOf(2)]).toContainEqual(loaded);
      if (!failed) break;
    }
  });

  test("a full quota names the bytes and leaves the old save", async () => {
    const storage = new MemoryStorage(writing);
    const saves = browserSaves(storage);
    await saves.save("m", filesOf(1));
    storage.changes = 0;
    storage.failAt = 4;
    storage.failure = () => new DOMException("no room", "QuotaExceededError");
    const error = await saves.save("m", filesOf(2)).catch((cause) => cause);
    expect(error).toBeInstanceOf(FileError);
    expect(error.message).toMatch(
      /"m": it needs 30 bytes.*full \(700 of 1000 bytes are used, by its own estimate\).*unchanged/,
    );
    expect(error.details).toEqual({ code: "QuotaExceededError", bytes: 30, usage: 700, quota: 1000 });
    expect(await saves.load("m")).toEqual(filesOf(1));
  });
});

test("a damaged slot gives way to the one before, and is what the next save overwrites", async () => {
  const storage = new MemoryStorage("sync");
  const saves = browserSaves(storage);
  for (const value of [1, 2]) await saves.save("m", filesOf(value));
  const { directory } = await slotOf(storage, "b");
  await writePrivateFile(directory, "0", new Uint8Array(20).fill(3));
  expect(await saves.load("m")).toEqual(filesOf(1));
  await saves.save("m", filesOf(4));
  const { manifest } = await slotOf(storage, "a");
  expect(manifest.generation, "the whole save of before is kept").toBe(1);
  expect(await saves.load("m")).toEqual(filesOf(4));
  for (const slot of ["a", "b"])
    await writePrivateFile((await slotOf(storage, slot)).directory, "0", new Uint8Array(3));
  await expect(saves.load("m")).rejects.toThrow(/"m" is damaged: weights-00.safetensors is not the 20 bytes/);
  await expect(saves.load("m")).rejects.toThrow(FormatError);
});

test("a save of a newer format is refused by name, listed, and never overwritten", async () => {
  const storage = new MemoryStorage("sync");
  const saves = browserSaves(storage);
  await saves.save("m", filesOf(1));
  const { directory, manifest } = await slotOf(storage, "a");
  await putManifest(directory, { ...manifest, formatVersion: 2, files: { other: true } });
  const message = /"m": save format version 2; this Sluice reads version 1/;
  await expect(saves.load("m")).rejects.toThrow(message);
  await expect(saves.save("m", filesOf(2))).rejects.toThrow(message);
  await expect(saves.save("m", filesOf(2))).rejects.toThrow(FormatError);
  expect(await saves.list()).toMatchObject([{ name: "m", bytes: 30 }]);
  await saves.remove("m");
  await saves.save("m", filesOf(2));
  await putManifest((await slotOf(storage, "a")).directory, { ...manifest, format: "other" });
  await expect(saves.load("m")).rejects.toThrow(/format is "other"; expected "sluice-save"/);
});

test("what is absent says whether it was ever there", async () => {
  const storage = new MemoryStorage("sync");
  const saves = browserSaves(storage);
  await expect(saves.load("m")).rejects.toThrow(
    /"m" is not in this browser: nothing was saved.*or the browser has evicted/,
  );
  await saves.save("m", filesOf(1));
  storage.top.entries.clear();
  const error = await saves.load("m").catch((cause) => cause);
  expect(error.message).toMatch(/was there before, and has been evicted.*persist: true/);
  expect(error.details).toMatchObject({ code: "ENOENT", evicted: true });
  expect(await saves.list()).toEqual([]);
});

test("names that cannot be used are refused", async () => {
  const saves = browserSaves(new MemoryStorage("sync"));
  for (const name of ["", "\ud800", "ü".repeat(41)]) {
    await expect(saves.save(name, filesOf(1)), name).rejects.toThrow(ValueError);
    await expect(saves.load(name), name).rejects.toThrow(/1 to 240 bytes/);
  }
});

test("mutated manifests give an old save, the new one, or a typed error", async () => {
  const storage = new MemoryStorage("stream");
  const saves = browserSaves(storage);
  for (const value of [1, 2]) await saves.save("m", filesOf(value));
  const { directory, manifest } = await slotOf(storage, "b");
  const value = fc.oneof(fc.jsonValue(), fc.integer(), fc.constant(undefined));
  const fields = fc.constantFrom("format", "formatVersion", "generation", "savedAt", "bytes", "files");
  await fc.assert(
    fc.asyncProperty(
      fields,
      value,
      fc.nat({ max: 2 }),
      fc.constantFrom("name", "bytes", "sha256"),
      async (field, put, index, inner) => {
        const changed = structuredClone(manifest);
        if (field === "files") changed.files[index][inner] = put;
        else changed[field] = put;
        await putManifest(directory, changed);
        const loaded = await saves.load("m").catch((error) => error);
        if (loaded instanceof Error) expect(loaded).toBeInstanceOf(SluiceError);
        else
          expect([...loaded.values()].map((bytes) => [...bytes])).toSatisfy((contents: number[][]) =>
            [1, 2].some(
              (each) =>
                JSON.stringify([...filesOf(each).values()].map((bytes) => [...bytes])) === JSON.stringify(contents),
            ),
          );
      },
    ),
    { numRuns: 300, seed: 1 },
  );
});

test("a browser without Web Locks, by which tabs keep out of each other's way, is refused", async () => {
  vi.stubGlobal("navigator", { storage: { getDirectory: async () => ({}) } });
  const opening = openBrowserSaves();
  vi.unstubAllGlobals();
  await expect(opening).rejects.toThrow(FileError);
  await expect(opening).rejects.toThrow(/no origin-private file system with Web Locks/);
});

test("outside a browser there is no such storage, and the error says what to use", async () => {
  await expect(openBrowserSaves()).rejects.toThrow(/no origin-private file system.*model.save\(directory\)/);
});
