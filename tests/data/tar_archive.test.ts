import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AbortError, FormatError } from "../../src/core/errors.ts";
import { type ArchiveOptions, readArchive } from "../../src/data/tar_archive.ts";
import { gzip, join, paxRecord, streamOf, type TestEntry, tar, tarHeader, withChecksum } from "./archives.ts";

async function read(bytes: Uint8Array, options: ArchiveOptions = {}, pieces = 1000): Promise<[string, string][]> {
  const entries: [string, string][] = [];
  for await (const { path, bytes: content } of readArchive(streamOf(bytes, pieces), options)) {
    entries.push([path, new TextDecoder().decode(content)]);
  }
  return entries;
}

const THREE: readonly TestEntry[] = [
  { path: "a/one.txt", text: "one" },
  { path: "a/", type: "5" },
  { path: "./a/two.txt", text: "x".repeat(1500) },
  { path: "a/empty.txt", text: "" },
];
const LONG = `deep/${"d".repeat(180)}/ñame.txt`;

describe("readArchive", () => {
  test.each([1, 7, 511, 512, 513, 100_000])("reads tar.gz and bare tar in pieces of %d bytes", async (pieces) => {
    const wanted = [
      ["a/one.txt", "one"],
      ["a/two.txt", "x".repeat(1500)],
      ["a/empty.txt", ""],
    ];
    expect(await read(await gzip(tar(THREE)), {}, pieces)).toEqual(wanted);
    expect(await read(tar(THREE), {}, pieces)).toEqual(wanted);
  });

  test("reads ustar prefixes, pax and GNU long names", async () => {
    const archive = tar([
      { path: "name.txt", prefix: "some/folder", text: "ustar" },
      { path: "PaxHeader", type: "x", text: paxRecord("mtime", "1.5") + paxRecord("path", LONG) },
      { path: "short", text: "pax" },
      { path: "global", type: "g", text: paxRecord("comment", "hello") },
      { path: "././@LongLink", type: "L", text: `${LONG}\0` },
      { path: "cut", text: "gnu" },
      { path: "last.txt", text: "own name again" },
    ]);
    expect(await read(archive)).toEqual([
      ["some/folder/name.txt", "ustar"],
      [LONG, "pax"],
      [LONG, "gnu"],
      ["last.txt", "own name again"],
    ]);
  });

  test("takes a size from pax, and from GNU's base-256", async () => {
    const content = new TextEncoder().encode("12345");
    const header = tarHeader({ path: "big" }, 0);
    header.fill(0, 124, 136);
    header[124] = 0x80;
    header[135] = 5;
    const archive = join([
      tar([{ path: "p", type: "x", text: paxRecord("size", "5") }], 0),
      tarHeader({ path: "by-pax", size: 0 }, 0),
      content,
      new Uint8Array(507),
      withChecksum(header),
      content,
      new Uint8Array(507 + 1024),
    ]);
    expect(await read(archive)).toEqual([
      ["by-pax", "12345"],
      ["big", "12345"],
    ]);
  });

  test("passes over what is not wanted, however large", async () => {
    const archive = await gzip(
      tar([{ path: "huge", bytes: new Uint8Array(3 << 20) }, ...THREE, { path: "link", type: "2" }]),
    );
    const entries = await read(archive, { accept: (path) => path === "a/one.txt" });
    expect(entries).toEqual([["a/one.txt", "one"]]);
  });

  test("refuses every truncation", async () => {
    const whole = await gzip(tar(THREE));
    for (let length = 0; length < whole.length; length++) {
      await expect(read(whole.subarray(0, length)), `cut to ${length}`).rejects.toThrow(FormatError);
    }
    const bare = tar(THREE);
    for (let length = 0; length < bare.length; length += 37) {
      await expect(read(bare.subarray(0, length)), `cut to ${length}`).rejects.toThrow(/ends early|end of the file/);
    }
  });

  test("says where a cut archive ends and what to do", async () => {
    const cut = tar(THREE).subarray(0, 1024 + 512 + 600);
    await expect(read(cut, { name: "reviews.tar" })).rejects.toThrow(
      "reviews.tar: the archive ends early: at byte 2048 (inflated) expected the 1500 bytes of a/two.txt, got the " +
        "end of the file; it was cut short: get it again",
    );
  });

  test("refuses a wrong checksum, what follows the end, and what is no archive", async () => {
    const damaged = tar(THREE);
    damaged[3] = 0x41;
    await expect(read(damaged)).rejects.toThrow(/checksum/);
    const tail = join([tar(THREE), new Uint8Array(512), new Uint8Array([1])]);
    await expect(read(tail)).rejects.toThrow(/nothing after the end/);
    await expect(read(tar(THREE, 1))).rejects.toThrow(/second of the two blocks/);
    await expect(read(new TextEncoder().encode("<!doctype html>".repeat(100)))).rejects.toThrow(/not a tar archive/);
    await expect(read(new Uint8Array())).rejects.toThrow(FormatError);
  });

  test("refuses junk and a second member after gzip, and a wrong length in its trailer", async () => {
    const whole = await gzip(tar(THREE));
    await expect(read(join([whole, new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9])]))).rejects.toThrow(FormatError);
    await expect(read(join([whole, await gzip(new Uint8Array(512))]))).rejects.toThrow(FormatError);
    const wrongLength = Uint8Array.from(whole);
    wrongLength[wrongLength.length - 4] = (wrongLength.at(-4) as number) ^ 1;
    await expect(read(wrongLength)).rejects.toThrow(FormatError);
    const wrongSum = Uint8Array.from(whole);
    wrongSum[wrongSum.length - 8] = (wrongSum.at(-8) as number) ^ 1;
    await expect(read(wrongSum)).rejects.toThrow(FormatError);
  });

  test("keeps its limits", async () => {
    await expect(read(tar(THREE), { maxEntryBytes: 1000 })).rejects.toThrow(/1500 bytes in a\/two.txt.*maxEntryBytes/);
    await expect(read(tar(THREE), { maxEntries: 3 })).rejects.toThrow(/maxEntries/);
    const bomb = await gzip(tar([{ path: "zeros", bytes: new Uint8Array(8 << 20) }]));
    await expect(read(bomb, { accept: () => false, maxInflatedBytes: 1 << 20 })).rejects.toThrow(/maxInflatedBytes/);
    const claims = tar([{ path: "liar", text: "few", size: 8 ** 11 - 1 }]);
    await expect(read(claims)).rejects.toThrow(/maxEntryBytes/);
    const longName = tar([{ path: "L", type: "L", bytes: new Uint8Array(70_000) }]);
    await expect(read(longName)).rejects.toThrow(/longer name/);
  });

  test("refuses a link where a file is wanted", async () => {
    await expect(read(tar([{ path: "a.txt", type: "2" }]))).rejects.toThrow(/not a regular file/);
  });

  test("stops when its signal aborts, before and during, even if the source is silent", async () => {
    await expect(read(tar(THREE), { signal: AbortSignal.abort() })).rejects.toThrow(AbortError);
    let cancelled = false;
    const silent = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(tar(THREE).subarray(0, 700)),
      cancel: () => {
        cancelled = true;
      },
    });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const reading = readArchive(silent, { signal: controller.signal }).next();
    await expect(reading).rejects.toThrow(AbortError);
    expect(cancelled).toBe(true);
    const mute = new AbortController();
    setTimeout(() => mute.abort(), 20);
    await expect(readArchive(new ReadableStream(), { signal: mute.signal }).next()).rejects.toThrow(AbortError);
  });

  test("lets the source go when the reader stops early", async () => {
    let cancelled = false;
    const bytes = tar(THREE);
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(bytes.slice(0, 1024)),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const _ of readArchive(endless)) break;
    expect(cancelled).toBe(true);
  });

  test("passes a fault of the source on as it is", async () => {
    const fault = new Error("the network went away");
    const source = (head: Uint8Array): ReadableStream<Uint8Array> => {
      let sent = false;
      return new ReadableStream({
        pull(controller) {
          if (sent) return controller.error(fault);
          sent = true;
          controller.enqueue(head);
        },
      });
    };
    await expect(readArchive(source(tar(THREE).subarray(0, 700))).next()).rejects.toBe(fault);
    const zipped = await gzip(tar(THREE));
    await expect(readArchive(source(zipped.subarray(0, 40))).next()).rejects.toBe(fault);
  });

  test("mutated archives give entries or a FormatError", { timeout: 60_000 }, async () => {
    const bare = tar([{ path: "p", type: "x", text: paxRecord("path", "long") }, ...THREE]);
    const zipped = await gzip(bare);
    const mutation = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    const property = fc.asyncProperty(
      fc.boolean(),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      async (zip, flips) => {
        const bytes = Uint8Array.from(zip ? zipped : bare);
        for (const [at, flip] of flips) bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ flip;
        await read(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(FormatError));
      },
    );
    await fc.assert(property, { numRuns: 500, seed: 1 });
  });

  test("archives of odd headers, their checksums right, give entries or a FormatError", async () => {
    const entry = fc.record(
      {
        path: fc.string({ maxLength: 20 }),
        text: fc.oneof(
          fc.string({ maxLength: 40 }),
          fc.string({ maxLength: 8 }).map((value) => paxRecord("size", value)),
        ),
        type: fc.constantFrom("0", "1", "5", "7", "x", "g", "L", "K", "S", "V", "\0"),
        size: fc.oneof(fc.nat({ max: 2000 }), fc.constant(8 ** 11 - 1)),
      },
      { requiredKeys: ["path"] },
    );
    const property = fc.asyncProperty(fc.array(entry, { maxLength: 5 }), async (entries) => {
      await read(tar(entries)).catch((error: unknown) => expect(error).toBeInstanceOf(FormatError));
    });
    await fc.assert(property, { numRuns: 500, seed: 1 });
  });
});

test("an archive that inflates to a thousand times its size is refused before it does", async () => {
  const bomb = await gzip(tar([{ path: "zeros", bytes: new Uint8Array(2 ** 28) }]));
  const read = async () => {
    for await (const _ of readArchive(streamOf(bomb, 2 ** 16), { name: "bomb.tar.gz", accept: () => false }));
  };
  await expect(read()).rejects.toThrow(/bomb\.tar\.gz: \d+ compressed bytes inflate to (6|7)\d{7} and more/);
});
