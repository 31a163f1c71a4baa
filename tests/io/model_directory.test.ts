/**
 * Saves in a directory: failures at any moment, several that save and read at once in any order, what is removed and
 * when.
 */
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SluiceError } from "../../src/core/errors.ts";
import { type ModelStorage, readModelDirectory, writeModelDirectory } from "../../src/io/model_directory.ts";
import { packModel, type SavedModel } from "../../src/io/model_file.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";
import { numberedModel } from "./numbered_model.ts";

const modelOf = (value: number): SavedModel => numberedModel(value, 2);
const MINUTE = 60_000;

/**
 * Files in memory, of which operation number `failAt` fails: a crash at that moment. `./` before a path is another
 * spelling of it.
 */
class MemoryStorage implements ModelStorage {
  readonly files = new Map<string, { readonly bytes: Uint8Array; readonly modified: number }>();
  /** What `modifiedAt` says of a file that is written now. */
  now = 0;
  operations = 0;
  failAt = Number.POSITIVE_INFINITY;
  /** Runs before each operation. */
  before: (operation: string) => Promise<unknown> = async () => undefined;

  async readFile(path: string): Promise<Uint8Array> {
    await this.before(`read ${path}`);
    return this.#file(path).bytes;
  }
  async writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
    await this.#step(`write ${path}`);
    this.files.set(nameOf(path), { bytes, modified: this.now });
  }
  async readDirectory(path: string): Promise<string[]> {
    await this.#step(`list ${path}`);
    return this.names;
  }
  async makeDirectory(path: string): Promise<void> {
    await this.#step(`make ${path}`);
  }
  async removeFile(path: string): Promise<void> {
    await this.#step(`remove ${path}`);
    this.files.delete(nameOf(path));
  }
  async modifiedAt(path: string): Promise<number> {
    await this.before(`look at ${path}`);
    return this.#file(path).modified;
  }
  get names(): string[] {
    return [...this.files.keys()].sort();
  }
  #file(path: string) {
    const file = this.files.get(nameOf(path));
    if (!file) throw new SluiceError(`no ${path}`);
    return file;
  }
  async #step(operation: string): Promise<void> {
    await this.before(operation);
    if (this.operations++ >= this.failAt) throw new SluiceError("the disk is full");
  }
}

const nameOf = (path: string): string => path.replace(/^.*\//, "");

/** The number of the save that a storage holds, all parts of which must be of it. */
async function numberIn(storage: ModelStorage, directory = "m"): Promise<unknown> {
  const saved = await readModelDirectory(storage, directory);
  const { value } = JSON.parse(JSON.stringify(saved.training));
  const { weights, optimizer } = modelOf(value);
  expect(saved).toMatchObject({ weights, optimizer });
  return value;
}

test("a failure at any moment leaves the old save or the new one", async () => {
  for (let failAt = 0; ; failAt++) {
    const storage = new MemoryStorage();
    await writeModelDirectory(storage, "m", modelOf(1));
    storage.operations = 0;
    storage.failAt = failAt;
    const failed = await writeModelDirectory(storage, "m", modelOf(2)).then(
      () => false,
      () => true,
    );
    expect(failed ? [1, 2] : [2]).toContain(await numberIn(storage));
    const isDone = storage.operations <= failAt;
    if (isDone) expect(storage.files.size, "nothing stale is left").toBe(3);
    storage.failAt = Number.POSITIVE_INFINITY;
    storage.now += 11 * MINUTE;
    await writeModelDirectory(storage, "m", modelOf(3));
    expect(storage.files.size, "nothing stale is left by the next save").toBe(3);
    if (isDone) break;
  }
});

test.each([2, 3])("a disk that is full at write %i gets back what the save took", async (full) => {
  const storage = new MemoryStorage();
  await writeModelDirectory(storage, "m", modelOf(1));
  const { names } = storage;
  let writes = 0;
  storage.before = async (operation) => {
    if (operation.startsWith("write") && ++writes === full) throw new SluiceError("the disk is full");
  };
  await expect(writeModelDirectory(storage, "m", modelOf(2))).rejects.toThrow("the disk is full");
  expect(storage.names).toEqual(names);
});

describe("several at once", () => {
  // Each spelling of the directory is a queue of its own, as each process is. Two save the same, in files of their own.
  const SAVES = [
    ["m", 2],
    ["./m", 3],
    ["././m", 2],
  ] as const;

  test("in any order of their steps, one save can be loaded, and a reader sees no half of one", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const storage = new MemoryStorage();
        await writeModelDirectory(storage, "m", modelOf(1));
        storage.before = (operation) => scheduler.schedule(Promise.resolve(), operation);
        const writing = SAVES.map(([directory, value]) => writeModelDirectory(storage, directory, modelOf(value)));
        const reading = [numberIn(storage), numberIn(storage)];
        await scheduler.waitFor(Promise.all([...writing, ...reading]));
        for (const value of await Promise.all(reading)) expect([1, 2, 3]).toContain(value);
        storage.before = async () => undefined;
        expect([2, 3]).toContain(await numberIn(storage));
        storage.now += 11 * MINUTE;
        await writeModelDirectory(storage, "m", modelOf(4));
        expect(storage.files.size, "nothing stale is left by the next save").toBe(3);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test("no two saves share a file name, also of the same model: what removes one spares the other", async () => {
    const storage = new MemoryStorage();
    await writeModelDirectory(storage, "m", modelOf(1));
    const before = new Set(storage.names);
    await writeModelDirectory(storage, "m", modelOf(1));
    expect(storage.names.filter((name) => before.has(name))).toEqual(["model.json"]);
  });

  test("in one process saves run in the order of the calls, also where the first takes longer", async () => {
    const storage = new MemoryStorage();
    let settle = (_: SavedModel) => {};
    const slow = new Promise<SavedModel>((resolve) => {
      settle = resolve;
    });
    const saving = [writeModelDirectory(storage, "m", slow), writeModelDirectory(storage, "m/", modelOf(2))];
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(storage.names, "the second waits").toEqual([]);
    settle(modelOf(1));
    await Promise.all(saving);
    expect(await numberIn(storage)).toBe(2);
    expect(storage.files.size).toBe(3);
  });

  test("a save that fails does not hold up the next", async () => {
    const storage = new MemoryStorage();
    const failing = writeModelDirectory(storage, "m", Promise.reject(new SluiceError("no weights")));
    const saving = writeModelDirectory(storage, "m", modelOf(2));
    await expect(failing).rejects.toThrow("no weights");
    await saving;
    expect(await numberIn(storage)).toBe(2);
  });

  test("files of a save that is not done are spared for ten minutes, and then removed", async () => {
    const storage = new MemoryStorage();
    const files = [...(await packModel(modelOf(7))).entries()].filter(([name]) => name !== "model.json");
    for (const [name, bytes] of files) await storage.writeFileAtomic(name, bytes);
    const [[name = ""] = []] = files;
    await storage.writeFileAtomic(`model.json.${name.length}-x.tmp`, new Uint8Array(3));
    storage.now = 9 * MINUTE;
    await writeModelDirectory(storage, "m", modelOf(1));
    expect(storage.files.size, "they and the new save").toBe(3 + 3);
    storage.now = 11 * MINUTE;
    await writeModelDirectory(storage, "m", modelOf(2));
    expect(storage.files.size).toBe(3);
    expect(await numberIn(storage)).toBe(2);
  });

  test("a save that stood still for so long that another removed its files writes them again", async () => {
    const storage = new MemoryStorage();
    let stops = 1;
    storage.before = async (operation) => {
      if (operation !== "write m/model.json" || stops-- < 1) return;
      storage.now += 11 * MINUTE;
      await writeModelDirectory(storage, "./m", modelOf(2));
    };
    await writeModelDirectory(storage, "m", modelOf(1));
    expect(await numberIn(storage)).toBe(1);
  });

  test("a reader whose files are gone reports the file, unless there is a newer save", async () => {
    const storage = new MemoryStorage();
    await writeModelDirectory(storage, "m", modelOf(1));
    let replaces = 2;
    storage.before = async (operation) => {
      if (/^read m\/optimizer/.test(operation) && replaces-- > 0)
        await writeModelDirectory(storage, "./m", modelOf(5 - replaces));
    };
    expect(await numberIn(storage), "it was replaced twice meanwhile").toBe(5);
    const weights = storage.names.find((name) => name.startsWith("weights")) ?? "";
    storage.files.delete(weights);
    await expect(numberIn(storage)).rejects.toThrow(`no m/${weights}`);
  });
});

describe("on a real disk", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(`${tmpdir()}/sluice-model-`);
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("a save removes what is stale, and only that", async () => {
    const files = await openFileSystem();
    const directory = `${folder}/runs/first`;
    await writeModelDirectory(files, directory, modelOf(1));
    await writeFile(`${directory}/notes.txt`, "mine");
    await writeFile(`${directory}/weights.safetensors`, "mine");
    const [young, old] = ["weights-0123456789abcdef.safetensors", "optimizer-0123456789abcdef.safetensors"];
    for (const name of [young, old]) await writeFile(`${directory}/${name}`, "of a save that is not done");
    await utimes(`${directory}/${old}`, new Date(), new Date(Date.now() - 11 * MINUTE));
    await writeModelDirectory(files, directory, { ...modelOf(2), optimizer: undefined });
    expect(await readModelDirectory(files, directory)).toMatchObject({ training: { value: 2 }, optimizer: undefined });
    const names = await files.readDirectory(directory);
    const weights = names.find((name) => /^weights-/.test(name) && name !== young) ?? "";
    expect(names).toEqual(["model.json", "notes.txt", ...[weights, young].sort(), "weights.safetensors"]);
    await writeFile(`${directory}/${weights}`, new Uint8Array(10_000));
    await expect(readModelDirectory(files, directory)).rejects.toThrow(/has 10000 bytes; expected at most/);
    await expect(readModelDirectory(files, `${folder}/none`)).rejects.toThrow(/no such file/);
  });

  test("a save of an earlier version, whose files are named by their hashes, is read and replaced", async () => {
    const files = await openFileSystem();
    await files.makeDirectory(folder);
    for (const [name, bytes] of await packModel(modelOf(1))) await files.writeFileAtomic(`${folder}/${name}`, bytes);
    expect(await readModelDirectory(files, folder)).toMatchObject({ training: { value: 1 } });
    await writeModelDirectory(files, folder, modelOf(1));
    expect(await readModelDirectory(files, folder)).toMatchObject({ training: { value: 1 } });
    expect((await files.readDirectory(folder)).length).toBe(3);
  });
});
