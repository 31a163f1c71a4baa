/**
 * Everything besides saves that is written to a disk: an index, a log, checkpoints, outputs of the command line. On a
 * full or a read-only disk the old file stays, the error says why, and nothing else is left; a kill leaves the old file
 * or the new one, in Node and in Deno.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { VectorIndex } from "../../src/embed/index.ts";
import { unpackIndex } from "../../src/embed/vector_index_file.ts";
import { csvLogger, loadModel, modelCheckpoint } from "../../src/index.ts";
import { FileError } from "../../src/platform/file_interface.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";
import { sluice } from "../cli/command.ts";
import { smallData, smallModel } from "../nn/small_model.ts";
import { testDevice } from "../support/device.ts";
import { tally } from "../support/tally.ts";
import { buildChild, hasDeno, RUNTIMES } from "./children.ts";
import { makeReadOnly, mountMemory, unmount } from "./mounts.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-written-"));
});
afterEach(() => rm(folder, { recursive: true }));

const device = await testDevice();

/** What writes, and how its file is read again. */
const WRITERS: Readonly<
  Record<string, { write(path: string): Promise<unknown>; read(path: string): Promise<unknown> }>
> = {
  "a vector index": {
    async write(path) {
      using index = new VectorIndex(device, { dimension: 64 });
      const random = new Random(1);
      const vectors = Float32Array.from({ length: 64 * 500 }, () => random.uniform());
      await index.add([...Array(500).keys()], vectors);
      await index.save(path);
    },
    async read(path) {
      using index = await VectorIndex.load(path, { device });
      return index.size;
    },
  },
  "a CSV log": {
    async write(path) {
      using model = smallModel(device);
      await model.fit(smallData(10), { epochs: 1, callbacks: [csvLogger({ filename: path })] });
    },
    read: (path) => readFile(path, "utf8"),
  },
  "a checkpoint": {
    async write(path) {
      using model = smallModel(device);
      await model.fit(smallData(10), { epochs: 1, callbacks: [modelCheckpoint({ directory: path })] });
    },
    async read(path) {
      using model = await loadModel(path, { device });
      return (await model.weights()).length;
    },
  },
};

describe.each(Object.entries(WRITERS))("%s", (_, { write, read }) => {
  test("on a read-only disk leaves the old file, and says why", async (context) => {
    if (!mountMemory(folder)) {
      console.warn("SKIPPED: writing on a read-only disk; only root on Linux can mount one");
      return context.skip();
    }
    try {
      const [old, other] = [join(folder, "old"), join(folder, "other")];
      await write(old);
      const before = [await read(old), await readdir(folder)];
      makeReadOnly(folder);
      for (const path of [old, other]) {
        const error = await write(path).catch((cause: unknown) => cause);
        expect(error).toBeInstanceOf(FileError);
        expect(String(error)).toMatch(/cannot (write|make directory) .*: the file system is read-only; choose another/);
      }
      expect([await read(old), await readdir(folder)]).toEqual(before);
    } finally {
      unmount(folder);
    }
  });

  test("on a full disk leaves the old file, and says why", async (context) => {
    if (!mountMemory(folder)) {
      console.warn("SKIPPED: writing on a full disk; only root on Linux can mount one");
      return context.skip();
    }
    try {
      const [old, other] = [join(folder, "old"), join(folder, "other")];
      await write(old);
      await writeFile(join(folder, "filler"), new Uint8Array(2 ** 22)).catch(() => undefined);
      const before = await read(old);
      for (const path of [old, other]) {
        const error = await write(path).catch((cause: unknown) => cause);
        expect(error).toBeInstanceOf(FileError);
        expect(String(error)).toMatch(/the disk is full; free some space and try again \(ENOSPC\)/);
      }
      expect(await read(old)).toEqual(before);
      expect((await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    } finally {
      unmount(folder);
    }
  });
});

test("the command line refuses a read-only place before it does any work", async (context) => {
  if (!mountMemory(folder)) {
    console.warn("SKIPPED: the command line on a read-only disk; only root on Linux can mount one");
    return context.skip();
  }
  try {
    makeReadOnly(folder);
    const commands = [
      ["train", "--out", join(folder, "run")],
      ["train", "--json", join(folder, "run.json"), "--out", join(tmpdir(), "never")],
      ["train", "--plot", join(folder, "run.svg"), "--out", join(tmpdir(), "never")],
      ["forecast", "--forecasts", join(folder, "f.csv"), "--out", join(tmpdir(), "never")],
      ["predict", "--json", join(folder, "p.json"), "--model", join(tmpdir(), "never"), "a text"],
      ["words", "--out", join(folder, "words.safetensors"), "--texts", "no.txt"],
      ["bench", "--json", join(folder, "bench.json")],
    ];
    for (const words of commands) {
      const { status, stderr, stdout } = await sluice(words, { cwd: tmpdir() });
      expect(stderr, words.join(" ")).toMatch(/cannot write there \(the file system is read-only\); choose another/);
      expect([status, stdout]).toEqual([2, ""]);
    }
    expect(await readdir(folder)).toEqual([]);
  } finally {
    unmount(folder);
    await rm(join(tmpdir(), "never"), { recursive: true, force: true });
  }
});

const kills = Number(process.env.SLUICE_KILLS ?? 8);
const seed = Number(process.env.SLUICE_SEED ?? 7);
/** Many times what a write takes. */
const LONGEST_MS = 30;

describe.each(Object.entries(RUNTIMES))("in %s", (runtime, start) => {
  const isThere = process.platform !== "win32" && (runtime === "Node" || hasDeno);
  test.skipIf(!isThere)(`an index and a log survive ${kills} kills (seed ${seed})`, { timeout: 600_000 }, async () => {
    const child = await buildChild(fileURLToPath(new URL("write_forever.ts", import.meta.url)), folder);
    const random = new Random(seed);
    const files = await openFileSystem();
    let lost = 0;
    for (let kill = 0; kill < kills; kill++) {
      const started = start(child, folder);
      const exited = new Promise<void>((resolve) => started.once("exit", () => resolve()));
      await Promise.race([exited, new Promise((resolve) => started.stdout?.once("data", resolve))]);
      await new Promise((resolve) => setTimeout(resolve, random.uniform() * LONGEST_MS));
      if (started.pid !== undefined && started.exitCode === null) process.kill(-started.pid, "SIGKILL");
      await exited;
      expect(started.signalCode, "the child was still writing").toBe("SIGKILL");
      // Its SHA-256 is checked; all its numbers are one write's.
      const { vectors } = await unpackIndex(await files.readFile(join(folder, "a.index")));
      if (!vectors.every((value) => value === vectors[0])) lost++;
      const log = await readFile(join(folder, "log.csv"), "utf8");
      if (!/^epoch,loss\n(\d+,0\.5\n)+$/.test(log)) lost++;
    }
    tally({ what: `an index and a log killed in ${runtime}`, tried: kills, lost });
    expect(lost).toBe(0);
  });
});
