/**
 * Reads a tar or tar.gz archive from a stream, with one entry in memory at a time, and writes nothing to disk. It
 * succeeds only at the archive's end: two blocks of zeros and a complete gzip trailer.
 */
import { AbortError, FormatError, SluiceError } from "../core/errors.ts";
import { raceAbort } from "../core/race.ts";
import { ByteReader } from "./byte_reader.ts";
import { type Gunzip, inflate } from "./gunzip.ts";
import { decodeField, isZeroBlock, parseTarHeader, TAR_BLOCK, type TarHeader } from "./tar_header.ts";

/** A regular file in an archive. */
export interface ArchiveEntry {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Options of `readArchive`. The limits protect against malicious and damaged files. */
export interface ArchiveOptions {
  /** The archive's name in messages. */
  readonly name?: string;
  /** Returns true for the paths to read; others are skipped. All by default. */
  readonly accept?: (path: string) => boolean;
  /** The longest accepted entry; 1 MiB by default. */
  readonly maxEntryBytes?: number;
  /** The most headers of all kinds; 200,000 by default. */
  readonly maxEntries?: number;
  /** The most inflated bytes; 1 GiB by default. */
  readonly maxInflatedBytes?: number;
  /** Stops reading with an AbortError. */
  readonly signal?: AbortSignal;
  /** Called with the number of compressed bytes read so far. */
  readonly onBytes?: (total: number) => void;
}

/**
 * Above this size, inflating to more than `ratio` times the compressed size is rejected: text inflates to about ten
 * times.
 */
const BOMB = { bytes: 2 ** 26, ratio: 200 };
const MAX_NAME_BYTES = 1 << 16;
/** Links, devices, directories and pipes have no content, whatever their size field says. */
const WITHOUT_CONTENT = "123456";

/**
 * Yields the regular files of an archive for which `accept` returns true, in the archive's order.
 * @throws FormatError if it is truncated, damaged, not an archive, or exceeds a limit.
 * @throws AbortError if `signal` aborts.
 *
 * @example
 * for await (const { path, bytes } of readArchive(stream, { accept: (path) => path.endsWith(".txt") })) {
 *   console.log(path, bytes.length);
 * }
 */
export async function* readArchive(
  source: ReadableStream<Uint8Array>,
  options: ArchiveOptions = {},
): AsyncGenerator<ArchiveEntry, void, undefined> {
  const { name = "archive", maxInflatedBytes = 2 ** 30, signal } = options;
  let gunzip: Gunzip | undefined;
  let reader: ByteReader | undefined;
  try {
    stopIfAborted(signal, name);
    gunzip = await inflate(source, name, options);
    let inflated = 0;
    reader = new ByteReader(gunzip.stream, {
      onChunk(bytes) {
        stopIfAborted(signal, name);
        inflated += bytes;
        if (inflated > maxInflatedBytes)
          throw beyond(name, "maxInflatedBytes", maxInflatedBytes, "inflates to more bytes");
        const compressed = gunzip?.compressedBytes() ?? inflated;
        if (inflated > BOMB.bytes && inflated > BOMB.ratio * compressed) {
          throw new FormatError(
            `${name}: ${compressed} compressed bytes inflate to ${inflated} and more; expected at most ${BOMB.ratio} ` +
              "times as many: it is damaged or malicious",
            { compressed, inflated },
          );
        }
      },
    });
    yield* readEntries(reader, options);
    gunzip.checkTrailer(inflated);
  } catch (cause) {
    // A cancelled read looks like an early end, so the signal is checked first.
    stopIfAborted(signal, name);
    const broken = gunzip?.sourceError();
    if (broken) throw broken.cause;
    if (cause instanceof SluiceError || gunzip === undefined) throw cause;
    throw new FormatError(
      `${name}: the gzip stream is cut short or damaged after ${gunzip.compressedBytes()} compressed bytes ` +
        `(${messageOf(cause)}); expected a complete stream; get the file again`,
      { compressedBytes: gunzip.compressedBytes() },
      { cause },
    );
  } finally {
    gunzip?.release();
    await raceAbort((reader ?? source).cancel(), signal).catch(() => undefined);
  }
}

async function* readEntries(
  reader: ByteReader,
  options: ArchiveOptions,
): AsyncGenerator<ArchiveEntry, void, undefined> {
  const { name = "archive", accept = () => true, maxEntryBytes = 2 ** 20, maxEntries = 200_000 } = options;
  let longPath: string | undefined;
  let pax = new Map<string, string>();
  for (let count = 0; ; count++) {
    const offset = reader.position;
    const block = await readExactly(reader, TAR_BLOCK, name, "a header or the two blocks of zeros that end an archive");
    if (isZeroBlock(block)) return readEnd(reader, name);
    if (count >= maxEntries) throw beyond(name, "maxEntries", maxEntries, "has more entries");
    const header = parseTarHeader(block, name, offset);
    if ("xgLK".includes(header.type)) {
      const bytes = await readMeta(reader, header, name);
      if (header.type === "L") longPath = decodeField(bytes);
      else if (header.type === "x") pax = parsePax(bytes, name, offset);
      continue;
    }
    const path = (pax.get("path") ?? longPath ?? header.path).replace(/^(\.\/)+/, "");
    const size = paxSize(pax, name, offset) ?? header.size;
    longPath = undefined;
    pax = new Map();
    const isRegular = header.type === "0" || header.type === "7";
    if (header.type === "5" || !accept(path)) {
      await skipContent(reader, WITHOUT_CONTENT.includes(header.type) ? 0 : size, name, path);
      continue;
    }
    if (!isRegular) {
      throw new FormatError(
        `${name}: ${path} is not a regular file (tar type ${JSON.stringify(header.type)}); expected regular files ` +
          "only; get the original archive",
        { path, type: header.type },
      );
    }
    if (size > maxEntryBytes) throw beyond(name, "maxEntryBytes", maxEntryBytes, `has ${size} bytes in ${path}, more`);
    const bytes = await readExactly(reader, size, name, `the ${size} bytes of ${path}`);
    await skipContent(reader, padding(size), name, path, false);
    yield { path, bytes };
  }
}

/** Checks that a second block of zeros follows the first, and then only zeros to the end of the stream. */
async function readEnd(reader: ByteReader, name: string): Promise<void> {
  const second = await readExactly(
    reader,
    TAR_BLOCK,
    name,
    "the second of the two blocks of zeros that end an archive",
  );
  let clean = isZeroBlock(second);
  for await (const chunk of reader.rest()) clean &&= isZeroBlock(chunk);
  if (clean) return;
  throw new FormatError(
    `${name}: expected nothing after the end of the archive, but more bytes came; get the file again`,
    {
      position: reader.position,
    },
  );
}

async function readMeta(reader: ByteReader, header: TarHeader, name: string): Promise<Uint8Array> {
  if (header.size > MAX_NAME_BYTES) throw beyond(name, "the name limit", MAX_NAME_BYTES, "has a longer name or record");
  const bytes = await readExactly(reader, header.size, name, "a long name");
  await skipContent(reader, padding(header.size), name, "a long name", false);
  return bytes;
}

/** Records of the form `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record. */
function parsePax(bytes: Uint8Array, name: string, offset: number): Map<string, string> {
  const records = new Map<string, string>();
  const decoder = new TextDecoder();
  for (let start = 0; start < bytes.length; ) {
    const space = bytes.indexOf(32, start);
    const digits = space < 0 ? "" : decoder.decode(bytes.subarray(start, space));
    const end = start + Number(digits);
    const equals = bytes.indexOf(61, space);
    if (!/^[1-9]\d{0,5}$/.test(digits) || end > bytes.length || equals < 0 || equals >= end || bytes[end - 1] !== 10) {
      throw new FormatError(
        `${name}: the pax header at byte ${offset} is malformed; the file is damaged: get it again`,
        {
          offset,
        },
      );
    }
    records.set(decoder.decode(bytes.subarray(space + 1, equals)), decoder.decode(bytes.subarray(equals + 1, end - 1)));
    start = end;
  }
  return records;
}

function paxSize(pax: ReadonlyMap<string, string>, name: string, offset: number): number | undefined {
  const text = pax.get("size");
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new FormatError(`${name}: the pax header before byte ${offset} has no readable size; get the file again`, {
    offset,
  });
}

async function readExactly(reader: ByteReader, count: number, name: string, what: string): Promise<Uint8Array> {
  const start = reader.position;
  const bytes = await reader.read(count);
  if (bytes === undefined) throw endsEarly(name, start, what);
  return bytes;
}

async function skipContent(reader: ByteReader, size: number, name: string, path: string, pad = true): Promise<void> {
  const start = reader.position;
  const whole = pad ? size + padding(size) : size;
  if (!(await reader.skip(whole))) throw endsEarly(name, start, `the content of ${path}`);
}

function endsEarly(name: string, offset: number, what: string): FormatError {
  return new FormatError(
    `${name}: the archive ends early: at byte ${offset} (inflated) expected ${what}, got the end of the file; it was ` +
      "cut short: get it again",
    { offset },
  );
}

function beyond(name: string, option: string, limit: number, what: string): FormatError {
  return new FormatError(
    `${name}: the archive ${what} than ${option} allows (${limit}); it is not the expected archive`,
    {
      option,
      limit,
    },
  );
}

function padding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}

function stopIfAborted(signal: AbortSignal | undefined, name: string): void {
  if (signal?.aborted) throw new AbortError(`reading ${name} was stopped`, {}, { cause: signal.reason });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
