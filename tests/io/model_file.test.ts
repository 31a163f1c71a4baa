import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FormatError, SluiceError } from "../../src/core/errors.ts";
import {
  type ModelStorage,
  packModel,
  readModelDirectory,
  type SavedModel,
  unpackModel,
  writeModelDirectory,
} from "../../src/io/model_file.ts";
import { writeSafetensors } from "../../src/io/safetensors.ts";
import { sha256Hex } from "../../src/io/sha256.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";

const weightsOf = (value: number): Uint8Array =>
  writeSafetensors(new Map([["w", { shape: [2], data: new Float32Array([value, -value]) }]]));
const modelOf = (value: number): SavedModel => ({
  architecture: { kind: "sequential", layers: [value] },
  encoder: { kind: "reviews" },
  training: { step: value },
  weights: weightsOf(value),
  optimizer: weightsOf(value + 0.5),
});

/** Files in memory, of which operation number `failAt` fails: a crash at that moment. */
class MemoryStorage implements ModelStorage {
  readonly files = new Map<string, Uint8Array>();
  operations = 0;
  failAt = Number.POSITIVE_INFINITY;

  async readFile(path: string): Promise<Uint8Array> {
    const bytes = this.files.get(path);
    if (!bytes) throw new SluiceError(`no ${path}`);
    return bytes;
  }
  async writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
    this.#step();
    this.files.set(path, bytes);
  }
  async readDirectory(path: string): Promise<string[]> {
    this.#step();
    return [...this.files.keys()]
      .filter((name) => name.startsWith(`${path}/`))
      .map((name) => name.slice(path.length + 1));
  }
  async makeDirectory(): Promise<void> {
    this.#step();
  }
  async removeFile(path: string): Promise<void> {
    this.#step();
    this.files.delete(path);
  }
  #step(): void {
    if (this.operations++ >= this.failAt) throw new SluiceError("the disk is full");
  }
}

describe("a packed model", () => {
  test("comes back as it went", async () => {
    const files = await packModel(modelOf(1));
    expect([...files.keys()].at(-1)).toBe("model.json");
    expect(await unpackModel(files)).toEqual(modelOf(1));
    const bare = { architecture: [], weights: weightsOf(3) };
    expect(await unpackModel(await packModel(bare))).toEqual({
      ...bare,
      encoder: undefined,
      training: undefined,
      optimizer: undefined,
    });
  });

  test("the same model makes the same bytes", async () => {
    expect([...(await packModel(modelOf(1)))]).toEqual([...(await packModel(modelOf(1)))]);
  });

  test("refuses damage, foreign files and newer versions", async () => {
    const files = await packModel(modelOf(1));
    const [weightsName = "", optimizerName = ""] = [...files.keys()];
    const manifest = JSON.parse(new TextDecoder().decode(files.get("model.json")));
    const withManifest = (json: unknown) =>
      new Map([...files, ["model.json", new TextEncoder().encode(JSON.stringify(json))]]);
    const withFile = (name: string, bytes: Uint8Array) => new Map([...files, [name, bytes]]);
    const weights = files.get(weightsName) as Uint8Array;
    const flipped = Uint8Array.from(weights);
    flipped[20] = 0;
    const { weights: record } = manifest.files;
    const renamed = (name: string) => withManifest({ ...manifest, files: { weights: { ...record, name } } });
    const cases: [Map<string, Uint8Array>, RegExp][] = [
      [withFile(weightsName, weights.subarray(0, 30)), /has 30 bytes; expected \d+.*cut short/],
      [withFile(weightsName, flipped), /SHA-256 is/],
      [withManifest({ ...manifest, format: "other" }), /format is "other"; expected "sluice-model"/],
      [withManifest({ ...manifest, formatVersion: 3 }), /format version 3; this Sluice reads versions 1 to 2/],
      [withManifest({ ...manifest, files: {} }), /names no weights/],
      [withManifest({ ...manifest, architecture: undefined }), /no architecture/],
      [withManifest([]), /expected an object/],
      [renamed("../secret"), /expected weights-HASH.safetensors in the same directory/],
      [renamed(`x/${weightsName}`), /in the same directory/],
      [renamed(optimizerName), /in the same directory/],
      [withFile("model.json", new TextEncoder().encode('{"format":')), /expected JSON/],
      [withFile("model.json", new TextEncoder().encode('{"format":"a","format":"sluice-model"}')), /occurs twice/],
      [new Map([...files].filter(([name]) => name !== weightsName)), /weights-.* is missing/],
      [new Map(), /model.json is missing/],
    ];
    for (const [broken, message] of cases) {
      await expect(unpackModel(broken)).rejects.toThrow(FormatError);
      await expect(unpackModel(broken)).rejects.toThrow(message);
    }
  });

  test("mutated manifests give a model or a FormatError", async () => {
    const files = await packModel(modelOf(1));
    const whole = files.get("model.json") as Uint8Array;
    const flips = fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    const cut = fc.integer({ min: 0, max: whole.length });
    await fc.assert(
      fc.asyncProperty(flips, cut, fc.boolean(), async (list, length, truncate) => {
        const bytes = Uint8Array.from(truncate ? whole.subarray(0, length) : whole);
        for (const [at, flip] of list) if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ flip;
        await unpackModel(new Map([...files, ["model.json", bytes]])).catch((error) =>
          expect(error).toBeInstanceOf(FormatError),
        );
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});

describe("a model in a directory", () => {
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
      const { training } = await readModelDirectory(storage, "m");
      expect([{ step: 1 }, { step: 2 }]).toContainEqual(training);
      if (failed) {
        storage.failAt = Number.POSITIVE_INFINITY;
        await writeModelDirectory(storage, "m", modelOf(3));
      }
      expect(storage.files.size, "nothing stale is left").toBe(3);
      if (!failed) break;
    }
  });

  test("a disk that fills up gets back what the save took", async () => {
    const storage = new MemoryStorage();
    await writeModelDirectory(storage, "m", modelOf(1));
    const names = [...storage.files.keys()];
    const write = storage.writeFileAtomic.bind(storage);
    let writes = 0;
    storage.writeFileAtomic = async (path, bytes) => {
      if (++writes === 2) throw new SluiceError("the disk is full");
      return write(path, bytes);
    };
    await expect(writeModelDirectory(storage, "m", modelOf(2))).rejects.toThrow("the disk is full");
    expect([...storage.files.keys()]).toEqual(names);
  });

  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(`${tmpdir()}/sluice-model-`);
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("works on a real disk and removes what is stale, and only that", async () => {
    const files = await openFileSystem();
    const directory = `${folder}/runs/first`;
    await writeModelDirectory(files, directory, modelOf(1));
    await writeFile(`${directory}/notes.txt`, "mine");
    await writeModelDirectory(files, directory, { ...modelOf(2), optimizer: undefined });
    expect(await readModelDirectory(files, directory)).toMatchObject({ training: { step: 2 }, optimizer: undefined });
    const weights = `weights-${(await sha256Hex(weightsOf(2))).slice(0, 16)}.safetensors`;
    expect(await files.readDirectory(directory)).toEqual(["model.json", "notes.txt", weights]);
    await writeFile(`${directory}/${weights}`, new Uint8Array(10_000));
    await expect(readModelDirectory(files, directory)).rejects.toThrow(/has 10000 bytes; expected at most/);
    await expect(readModelDirectory(files, `${folder}/none`)).rejects.toThrow(/no such file/);
  });
});
