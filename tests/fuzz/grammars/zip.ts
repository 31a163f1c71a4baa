/**
 * Zip archives from a grammar: entries, a central directory, its end. Every length, offset and checksum may differ from
 * what is there. Source: APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16.
 */
import { crc32, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { type Faults, type Made, made, some } from "./made.ts";

interface Entry {
  name: string;
  bytes: Uint8Array;
  method: number;
  flags: number;
  crcBy: number;
  compressedBy: number;
  sizeBy: number;
  offsetBy: number;
  /** In place of the offset. */
  offset: number | undefined;
  /** The name in the local header, if it is another. */
  localName: string | undefined;
  extra: Uint8Array;
}

interface Archive {
  entries: Entry[];
  countBy: number;
  directoryBy: number;
  directoryBytesBy: number;
  comment: Uint8Array;
  before: Uint8Array;
}

/** 32 MiB of spaces, as 32 KiB. */
const BOMB = new Uint8Array(2 ** 25).fill(0x20);
const DEFLATED_BOMB = deflateRawSync(BOMB);
const BOMB_CRC = crc32(BOMB);

const entryOf = (name: string, bytes: Uint8Array): Entry => ({
  ...{ name, bytes, method: 0, flags: 0, crcBy: 0, compressedBy: 0, sizeBy: 0, offsetBy: 0 },
  ...{ offset: undefined, localName: undefined, extra: new Uint8Array() },
});

const place = fc.nat(1000);
const words = fc.constantFrom(-1, 1, 30, -30, 2 ** 16, 2 ** 31, -(2 ** 31), 0xffffffff);

const ofEntry = fc.oneof(
  fc
    .tuple(fc.constantFrom("crcBy", "compressedBy", "sizeBy", "offsetBy"), words)
    .map(([field, by]) => (entry: Entry) => {
      entry[field] += by;
    }),
  fc.constantFrom(1, 8, 0x40, 0x800, 0x2000, 0xffff).map((flag) => (entry: Entry) => {
    entry.flags ^= flag;
  }),
  fc.constantFrom(1, 9, 12, 14, 93, 99, 0xffff).map((method) => (entry: Entry) => {
    entry.method = method;
  }),
  fc
    .constantFrom("config.json", "../config.json", "/config.json", "config.json/", "", "config.json\0x", "CONFIG.JSON")
    .map((name) => (entry: Entry) => {
      entry.name = name;
    }),
  fc.constantFrom("metadata.json", "", "a".repeat(5000)).map((name) => (entry: Entry) => {
    entry.localName = name;
  }),
  // Zip64 fields, of the right form and of none.
  fc.uint8Array({ maxLength: 40 }).map((content) => (entry: Entry) => {
    entry.extra = Uint8Array.of(1, 0, content.length, 0, ...content);
  }),
  fc.uint8Array({ maxLength: 12 }).map((extra) => (entry: Entry) => {
    entry.extra = extra;
  }),
  fc.constant((entry: Entry) => {
    entry.bytes = BOMB;
    entry.method = 8;
  }),
);

const faults: Faults<Archive> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(place, ofEntry).map(
      ([index, change]) =>
        ({ entries }: Archive) =>
          change(entries[index % Math.max(1, entries.length)] as Entry),
    ),
  },
  // Twice a name; two names for one content.
  place.map((index) => ({ entries }: Archive) => {
    entries.push({ ...(entries[index % entries.length] as Entry) });
  }),
  place.map((index) => ({ entries }: Archive) => {
    const entry = entries[index % entries.length] as Entry;
    entry.offset = 0;
  }),
  place.map((index) => ({ entries }: Archive) => {
    if (entries.length > 1) entries.splice(index % entries.length, 1);
  }),
  fc.constantFrom(1, 2, 3, 10, 100, 10_001).map((count) => (archive: Archive) => {
    const empty = entryOf("x", new Uint8Array());
    archive.entries = [...archive.entries, ...Array.from({ length: count }, (_, at) => ({ ...empty, name: `x${at}` }))];
  }),
  fc
    .tuple(fc.constantFrom("countBy", "directoryBy", "directoryBytesBy"), words)
    .map(([field, by]) => (archive: Archive) => {
      archive[field] += by;
    }),
  fc.uint8Array({ maxLength: 40 }).map((comment) => (archive: Archive) => {
    // An end of the directory within the comment of another.
    archive.comment = Uint8Array.of(0x50, 0x4b, 5, 6, ...comment);
  }),
  fc.uint8Array({ maxLength: 40 }).map((before) => (archive: Archive) => {
    archive.before = before;
  }),
);

/** The file as it is said to be. */
function write({ entries, countBy, directoryBy, directoryBytesBy, comment, before }: Archive): Uint8Array {
  const parts: Uint8Array[] = [before];
  const directory: Uint8Array[] = [];
  let at = before.length;
  for (const entry of entries) {
    const name = new TextEncoder().encode(entry.name);
    const localName = new TextEncoder().encode(entry.localName ?? entry.name);
    const packed =
      entry.method !== 8 ? entry.bytes : entry.bytes === BOMB ? DEFLATED_BOMB : deflateRawSync(entry.bytes);
    // What both headers have from the version on.
    const common = new Uint8Array(26);
    const view = new DataView(common.buffer);
    view.setUint16(0, 20, true);
    view.setUint16(2, entry.flags, true);
    view.setUint16(4, entry.method, true);
    view.setUint32(6, 0x00210000, true);
    view.setUint32(10, (entry.bytes === BOMB ? BOMB_CRC : crc32(entry.bytes)) + entry.crcBy, true);
    view.setUint32(14, packed.length + entry.compressedBy, true);
    view.setUint32(18, entry.bytes.length + entry.sizeBy, true);
    view.setUint16(24, entry.extra.length, true);
    view.setUint16(22, localName.length, true);
    const local = [Uint8Array.of(0x50, 0x4b, 3, 4), common.slice(), localName, entry.extra, packed];
    view.setUint16(22, name.length, true);
    const rest = new Uint8Array(14);
    new DataView(rest.buffer).setUint32(10, (entry.offset ?? at) + entry.offsetBy, true);
    directory.push(Uint8Array.of(0x50, 0x4b, 1, 2, 20, 0), common, rest, name, entry.extra);
    parts.push(...local);
    at += local.reduce((sum, part) => sum + part.length, 0);
  }
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  const bytes = directory.reduce((sum, part) => sum + part.length, 0);
  end.set([0x50, 0x4b, 5, 6]);
  view.setUint16(8, entries.length + countBy, true);
  view.setUint16(10, entries.length + countBy, true);
  view.setUint32(12, bytes + directoryBytesBy, true);
  view.setUint32(16, at + directoryBy, true);
  view.setUint16(20, comment.length, true);
  return Buffer.concat([...parts, ...directory, end, comment]);
}

/** Archives of these files, whole and damaged. */
export function zipFiles(files: ReadonlyMap<string, Uint8Array>): fc.Arbitrary<Made> {
  const methods = fc.array(fc.constantFrom(0, 8), { minLength: files.size, maxLength: files.size });
  return fc.tuple(methods, some(faults)).map(([used, changes]) =>
    made(changes, (edit) => {
      const entries = Array.from(files, ([name, bytes], index) => ({
        ...entryOf(name, bytes),
        method: used[index] ?? 0,
      }));
      const none = new Uint8Array();
      const archive = { entries, countBy: 0, directoryBy: 0, directoryBytesBy: 0, comment: none, before: none };
      edit(archive);
      return new Uint8Array(write(archive));
    }),
  );
}
