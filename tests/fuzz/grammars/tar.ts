/**
 * Archives of reviews from a grammar: entries with extended headers before them, and gzip members around all. Checksums
 * of headers are right.
 */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { join, paxRecord, type TestEntry, tar } from "../../data/archives.ts";
import { type Faults, type Made, made, some } from "./made.ts";

interface Archive {
  entries: TestEntry[];
  endBlocks: number;
  isZipped: boolean;
  /** Behind the gzip member. */
  behind: Uint8Array;
  /** Added to the length that the gzip trailer says. */
  trailerBy: number;
}

const PATHS = ["train/pos/1_9", "train/neg/2_1", "test/pos/3_8", "test/neg/4_2"];
const REVIEWS = PATHS.map((path, at) => ({ path: `aclImdb/${path}.txt`, text: `a film of ${at} words` }));

/** 128 MiB of zeros in 128 KiB, as an entry that nobody wants. */
const BOMB = gzipSync(tar([{ path: "aclImdb/zeros", bytes: new Uint8Array(2 ** 27) }, ...REVIEWS]));

const place = fc.nat(1000);
const path = fc.constantFrom(
  ...REVIEWS.map((review) => review.path),
  ...["../x", "/etc/passwd", "./aclImdb/train/pos/1_9.txt", "aclImdb/train/pos/5_5.txt", "", "a".repeat(100), "\u00e9"],
);
const size = fc.constantFrom(0, 1, 511, 512, 513, 2 ** 20, 2 ** 20 + 1, 2 ** 30, 8 ** 11 - 1);

/** What says something of the next entry. */
const extension: fc.Arbitrary<TestEntry> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("path", "size", "linkpath", "GNU.sparse.size", "__proto__"),
      fc.oneof(path, size.map(String), fc.constantFrom("-1", "1e3", "\0", "9".repeat(30))),
    )
    .map(([key, value]) => ({ path: "p", type: "x", text: paxRecord(key, value) })),
  fc
    .constantFrom("0 a=b\n", "5 a=b", "999999 a=b\n", "9 a=b\n", "x a=b\n", "", "3 =\n", "6 a=b\n6 a=c\n")
    .map((text) => ({ path: "p", type: "x", text })),
  path.map((text) => ({ path: "././@LongLink", type: "L", text: `${text}\0` })),
  fc
    .tuple(fc.constantFrom("g", "K", "L", "x"), size)
    .map(([type, length]) => ({ path: "p", type, text: "a", size: length })),
);

const faults: Faults<Archive> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(place, extension).map(
      ([at, entry]) =>
        ({ entries }: Archive) =>
          void entries.splice(at % (entries.length + 1), 0, entry),
    ),
  },
  fc.tuple(place, size).map(([at, length]) => ({ entries }: Archive) => {
    const index = at % entries.length;
    entries[index] = { path: "", ...entries[index], size: length };
  }),
  fc.tuple(place, path).map(([at, named]) => ({ entries }: Archive) => {
    const index = at % entries.length;
    entries[index] = { ...entries[index], path: named };
  }),
  fc.tuple(place, fc.constantFrom(..."1234567xgLKSV\0A")).map(([at, type]) => ({ entries }: Archive) => {
    const index = at % entries.length;
    entries[index] = { path: "", ...entries[index], type };
  }),
  fc.tuple(place, fc.uint8Array({ maxLength: 8 })).map(([at, bytes]) => ({ entries }: Archive) => {
    const index = at % entries.length;
    entries[index] = { path: "", ...entries[index], bytes };
  }),
  fc.constantFrom(0, 1, 3, 40).map((blocks) => (archive: Archive) => {
    archive.endBlocks = blocks;
  }),
  fc.constantFrom(500, 5000).map((count) => ({ entries }: Archive) => {
    entries.unshift(...Array.from({ length: count }, (_, at) => ({ path: `aclImdb/x${at}` })));
  }),
  fc
    .oneof(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.constantFrom(gzipSync("more"), BOMB))
    .map((behind) => (archive: Archive) => {
      archive.behind = behind;
    }),
  fc.constantFrom(-1, 1, 512, 2 ** 31).map((by) => (archive: Archive) => {
    archive.trailerBy = by;
  }),
);

/** Whole archives, damaged ones, and one that inflates to a thousand times its size. */
export const reviewArchives: fc.Arbitrary<Made> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.tuple(fc.boolean(), some(faults)).map(([isZipped, changes]) =>
      made(changes, (edit) => {
        const archive: Archive = {
          entries: [...REVIEWS],
          endBlocks: 2,
          isZipped,
          behind: new Uint8Array(),
          trailerBy: 0,
        };
        edit(archive);
        const bytes = tar(archive.entries, archive.endBlocks);
        if (!archive.isZipped) return join([bytes, archive.behind]);
        const zipped = new Uint8Array(gzipSync(bytes, { level: 1 }));
        new DataView(zipped.buffer).setUint32(zipped.length - 4, bytes.length + archive.trailerBy, true);
        return join([zipped, archive.behind]);
      }),
    ),
  },
  { weight: 1, arbitrary: fc.constant({ isWhole: false, write: () => BOMB }) },
);
