import { FormatError } from "../core/errors.ts";
import { type OpenSource, openAddress, openSource, ownBytes, type Source, type SourceOptions } from "./open_source.ts";

/** The longest file that is read: the largest typed array that every runtime supports. */
export const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * Reads all bytes of a source: a path (Node, Deno), a URL, a Blob, a stream, or a buffer.
 * @throws FileError when the source does not exist or cannot be read.
 * @throws FormatError when it is longer than `maxBytes`.
 */
export async function readSource(
  source: Source,
  maxBytes: number = MAX_FILE_BYTES,
  options: SourceOptions = {},
): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    const own = ownBytes(source);
    if (own.length > maxBytes) throw new FormatError(`the file has more than ${maxBytes} bytes`, { maxBytes });
    return { name: "the bytes", bytes: own };
  }
  return readAll(await openSource(source, options), maxBytes);
}

/** Like `readSource`, for a path or a URL. */
export async function readAddress(
  address: string | URL,
  maxBytes: number,
  options: SourceOptions = {},
): Promise<Uint8Array> {
  return (await readAll(await openAddress(address, options), maxBytes)).bytes;
}

async function readAll({ name, stream }: OpenSource, maxBytes: number) {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.length;
    if (length > maxBytes) {
      await reader.cancel();
      throw new FormatError(`${name} has more than ${maxBytes} bytes`, { maxBytes });
    }
    chunks.push(part.value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return { name, bytes: whole };
}
