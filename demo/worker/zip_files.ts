/** Packs a model's files into a zip archive and unpacks them. The library is loaded on demand. */
import { FormatError, type ModelFiles } from "sluice";

const MOST_BYTES = 500e6;

async function library() {
  const zip = await import("@zip.js/zip.js");
  zip.configure({ useWebWorkers: false });
  return zip;
}

/** Packs files into a .zip without compression, because weights do not compress well. */
export async function zipped(files: ModelFiles): Promise<Uint8Array<ArrayBuffer>> {
  const { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } = await library();
  const writer = new ZipWriter(new Uint8ArrayWriter(), { level: 0 });
  for (const [name, bytes] of files) await writer.add(name, new Uint8ArrayReader(bytes));
  return new Uint8Array(await writer.close());
}

/**
 * Unpacks an archive; returns the files by their names without folders.
 * @throws FormatError when it is not an archive, or would unpack to too much.
 */
export async function unzipped(file: File): Promise<ModelFiles> {
  const { BlobReader, ZipReader } = await library();
  const reader = new ZipReader(new BlobReader(file));
  let left = MOST_BYTES;
  try {
    const files = new Map<string, Uint8Array>();
    for await (const entry of reader.getEntriesGenerator()) {
      if (entry.directory) continue;
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      const writer = new WritableStream<Uint8Array>({
        // Counts the unpacked bytes, because the size in the archive may be false.
        write(chunk) {
          left -= chunk.length;
          if (left < 0) throw new FormatError(`${file.name} unpacks to more than ${MOST_BYTES / 1e6} MB`);
          chunks.push(chunk.slice());
        },
      });
      await entry.getData(writer);
      const name = entry.filename.slice(entry.filename.lastIndexOf("/") + 1);
      files.set(name, new Uint8Array(await new Blob(chunks).arrayBuffer()));
    }
    return files;
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(
      `${file.name} cannot be unpacked: ${(cause as Error).message}; expected the .zip that this page saves`,
      {},
      { cause },
    );
  } finally {
    await reader.close();
  }
}
