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
 * The files of an archive, by their names without folders.
 * @throws FormatError when it is not an archive, or would unpack to too much.
 */
export async function unzipped(file: File): Promise<ModelFiles> {
  const { BlobReader, Uint8ArrayWriter, ZipReader } = await library();
  const reader = new ZipReader(new BlobReader(file));
  try {
    const entries = (await reader.getEntries()).filter((entry) => !entry.directory);
    const bytes = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
    if (bytes > MOST_BYTES) {
      throw new FormatError(
        `${file.name} unpacks to ${Math.round(bytes / 1e6)} MB; expected at most ${MOST_BYTES / 1e6} MB`,
      );
    }
    const files = new Map<string, Uint8Array>();
    for (const entry of entries) {
      files.set(entry.filename.slice(entry.filename.lastIndexOf("/") + 1), await entry.getData(new Uint8ArrayWriter()));
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
