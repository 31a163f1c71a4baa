import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { FileError, FormatError, Random } from "sluice";
import { VectorIndex } from "sluice/embed";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unpackIndex } from "../../src/embed/vector_index_file.ts";
import { sha256Hex } from "../../src/io/sha256.ts";
import { drawVectors } from "../conformance/vector_index.ts";
import { testDevice } from "../support/device.ts";

const device = await testDevice();
const folder = mkdtempSync(join(tmpdir(), "sluice-index-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The bytes with a checksum that fits them. */
async function signed(bytes: Uint8Array): Promise<Uint8Array> {
  const copy = bytes.slice();
  const hash = await sha256Hex(copy.subarray(0, -32));
  copy.set(
    Uint8Array.from(hash.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
    copy.length - 32,
  );
  return copy;
}

describe("a saved index", () => {
  let index: VectorIndex;
  let bytes: Uint8Array;
  beforeAll(async () => {
    index = new VectorIndex(device, { dimension: 5, metric: "l2", storage: "int8" });
    await index.add([1.5, "two", -3], drawVectors(new Random(1), 3, 5), [{ a: [1, null] }, undefined, null]);
    bytes = await index.toBytes();
  });
  afterAll(() => index.dispose());

  test("comes back from bytes, a file, and the files of a save", async () => {
    const path = join(folder, "a.index");
    await index.save(path);
    for (const source of [bytes, path, await index.toFiles(), new Blob([bytes as Uint8Array<ArrayBuffer>])]) {
      using loaded = await VectorIndex.load(source, { device });
      expect([loaded.dimension, loaded.metric, loaded.storage, loaded.ids]).toEqual([5, "l2", "int8", index.ids]);
      for (const id of index.ids) expect(loaded.get(id)).toEqual(index.get(id));
      const query = new Float32Array(5).fill(0.5);
      expect(await loaded.search(query)).toEqual(await index.search(query));
    }
    using empty = new VectorIndex(device, { dimension: 2 });
    using none = await VectorIndex.load(await empty.toBytes(), { device });
    expect([none.size, none.dimension]).toEqual([0, 2]);
  });

  test("metadata that is no JSON is refused by name", async () => {
    using other = new VectorIndex(device, { dimension: 1 });
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const bad: [unknown, RegExp][] = [
      [{ big: 1n }, /metadata of "bad" is not JSON: .big is of type bigint/],
      [{ at: [new Date()] }, /.at\[0\] is object Date/],
      [{ a: { b: Number.NaN } }, /.a.b is NaN/],
      [new Map(), /it is object Map/],
      [[undefined], /\[0\] is of type undefined/],
      [circle, /nested deeper than 90, or in itself/],
    ];
    for (const [value, message] of bad) {
      await other.add(["good", "bad"], [1, 2], [{ absent: undefined }, value]);
      await expect(other.toBytes()).rejects.toThrow(message);
      await other.remove(["good", "bad"]);
    }
  });

  test("of a newer version, cut short, too long, or no index: an error that says so", async () => {
    const newer = bytes.slice();
    newer[8] = 2;
    await expect(VectorIndex.load(newer, { device })).rejects.toThrow(/version 2; this Sluice reads version 1/);
    for (const length of [0, 7, 12, 47, bytes.length - 1, bytes.length - 40]) {
      await expect(VectorIndex.load(bytes.slice(0, length), { device })).rejects.toThrow(FormatError);
    }
    await expect(VectorIndex.load(new Uint8Array([...bytes, 0]), { device })).rejects.toThrow(/damaged/);
    await expect(VectorIndex.load(bytes, { device, maxBytes: 100 })).rejects.toThrow(/more than 100 bytes/);
    await expect(VectorIndex.load(new Map(), { device })).rejects.toThrow(FormatError);
    await expect(VectorIndex.load(join(folder, "none"), { device })).rejects.toThrow(FileError);
  });

  test("with a fitting checksum but a header that lies is refused, and no buffer stays", async () => {
    const { buffers } = device.memory;
    const text = new TextDecoder().decode(bytes.subarray(16, bytes.length - 32 - 60));
    const lies: [string, string][] = [
      ['"dimension":5', '"dimension":6'],
      ['"dimension":5', '"dimension":0'],
      ['"l2"', '"l3"'],
      ['"int8"', '"int9"'],
      ['"two"', "1.5  "],
      ['"two"', "null "],
      ["[null]", "[]    "],
      ["[]", "{}"],
      ['"ids"', '"idz"'],
    ];
    for (const [from, to] of lies) {
      if (!text.includes(from)) throw new Error(`the header has no ${from}: ${text}`);
      const header = new TextEncoder().encode(text.replace(from, to).padEnd(text.length));
      if (header.length !== text.length) continue;
      const changed = bytes.slice();
      changed.set(header, 16);
      const load = VectorIndex.load(await signed(changed), { device });
      // One of two forms of no metadata is as good as the other.
      if (from === "[null]") (await load).dispose();
      else await expect(load, to).rejects.toThrow(FormatError);
    }
    expect(device.memory.buffers).toBe(buffers);
  });

  test("changed anywhere is refused with a FormatError, signed or not", async () => {
    const change = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
    const cut = fc.option(fc.nat({ max: 400 }));
    await fc.assert(
      fc.asyncProperty(change, cut, fc.boolean(), async (list, length, isSigned) => {
        let changed: Uint8Array = bytes.slice(0, length ?? undefined);
        for (const [at, bits] of changed.length > 0 ? list : []) {
          const place = at % changed.length;
          changed[place] = (changed[place] as number) ^ bits;
        }
        if (isSigned && changed.length > 48) changed = await signed(changed);
        await unpackIndex(changed).then(
          // What is signed may be another index.
          () => expect(isSigned).toBe(true),
          (error: unknown) => expect(error).toBeInstanceOf(FormatError),
        );
      }),
      { numRuns: 3000, seed: 11 },
    );
  });
});
