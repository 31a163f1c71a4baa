/** Reads and writes zip archives in memory, with size limits. */
import { FormatError } from "../core/errors.ts";
import { loadZip, type ZipEntry } from "./packages.ts";

/** The maximum number of entries, more than any model has. */
const MAX_ENTRIES = 10_000;

/** The earliest time in zip archives, which Python's zipfile also uses for entries without a time. */
const NO_TIME = new Date(1980, 0, 1);

/**
 * Unpacks the wanted files of an archive; others are not unpacked.
 * @param wanted the maximum unpacked bytes of each wanted name.
 * @throws FormatError if the archive is damaged, encrypted, or a file exceeds its limit.
 */
export async function readZip(
  bytes: Uint8Array,
  wanted: ReadonlyMap<string, number>,
  what: string,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { ZipReader, Uint8ArrayReader } = await loadZip();
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const reader = new ZipReader(new Uint8ArrayReader(bytes), { useWebWorkers: false, checkSignature: true });
  try {
    let count = 0;
    for await (const entry of reader.getEntriesGenerator()) {
      if (++count > MAX_ENTRIES) throw new FormatError(`${what}: more than ${MAX_ENTRIES} files; expected a few`);
      const maxBytes = wanted.get(entry.filename);
      if (maxBytes === undefined || entry.directory) continue;
      if (files.has(entry.filename)) throw new FormatError(`${what}: two files are called "${entry.filename}"`);
      files.set(entry.filename, await unpack(entry, maxBytes, `${what}: ${entry.filename}`));
    }
    return files;
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : String(cause);
    throw new FormatError(
      `${what}: expected a zip archive (${reason}); it is damaged or of another kind: get it again`,
      {},
      { cause },
    );
  } finally {
    await reader.close().catch(() => undefined);
  }
}

async function unpack(entry: ZipEntry, maxBytes: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
  if (entry.encrypted) throw new FormatError(`${what} is encrypted; expected a plain archive, as Keras writes it`);
  if (entry.uncompressedSize > maxBytes) {
    throw new FormatError(`${what} has ${entry.uncompressedSize} bytes; expected at most ${maxBytes}`, { maxBytes });
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  const writer = new WritableStream<Uint8Array>({
    // The declared length may be wrong, so the unpacked bytes are counted.
    write(chunk) {
      length += chunk.length;
      if (length > maxBytes) throw new FormatError(`${what} unpacks to more than ${maxBytes} bytes`, { maxBytes });
      chunks.push(chunk.slice());
    },
  });
  await entry.getData?.(writer, { useWebWorkers: false, checkSignature: true });
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/**
 * Creates an archive of files in this order, without compression: weights do not compress well, and Keras does the
 * same.
 */
export async function writeZip(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const { ZipWriter, Uint8ArrayReader, Uint8ArrayWriter } = await loadZip();
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  for (const [name, bytes] of files) {
    await writer.add(name, new Uint8ArrayReader(bytes), {
      level: 0,
      lastModDate: NO_TIME,
      extendedTimestamp: false,
      dataDescriptor: false,
    });
  }
  return writer.close();
}
