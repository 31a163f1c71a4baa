/** Opens a source of bytes: a path, a URL, a Blob or File, a stream, or a buffer. */
import { AbortError, ValueError } from "../core/errors.ts";
import { ownMemory } from "../core/own_memory.ts";
import { raceAbort } from "../core/race.ts";
import { FileError } from "./file_interface.ts";
import { hasNodeModules, openFileSystem } from "./file_system.ts";

/**
 * Anything that can be read as a stream of bytes. In a browser a string without a scheme is a URL relative to the page.
 */
export type Source = string | URL | Blob | ReadableStream<Uint8Array> | Uint8Array | ArrayBuffer;

/** An opened source. */
export interface OpenSource {
  /** The source's name for messages: its path, its URL or its type. */
  readonly name: string;
  readonly stream: ReadableStream<Uint8Array>;
  /** The length of the stream in bytes, if known. Use it for progress only; it may be wrong. */
  readonly byteLength: number | undefined;
}

/** How a source is opened. */
export interface SourceOptions {
  readonly signal?: AbortSignal;
  /** The cache mode of `fetch`. */
  readonly cache?: RequestCache;
}

/** Returns the source's bytes in unshared memory of a fixed size. @throws ValueError if its buffer is detached. */
export function ownBytes(source: Uint8Array | ArrayBuffer): Uint8Array {
  return ownMemory(source instanceof Uint8Array ? source : new Uint8Array(source), "the bytes");
}

const FETCHED = /^(https?|blob|data):/i;

/**
 * Opens a source for reading, once.
 * @throws FileError when the source does not exist, cannot be read, or the server returns an HTTP error.
 * @throws ValueError when the source is of another type.
 *
 * @example
 * const { stream, name } = await openSource("aclImdb_v1.tar.gz");
 * const fromPage = await openSource(fileInput.files[0]);
 */
export async function openSource(source: Source, options: SourceOptions = {}): Promise<OpenSource> {
  if (source instanceof ReadableStream) return { name: "the stream", stream: source, byteLength: undefined };
  if (source instanceof Blob) {
    const name = "name" in source && typeof source.name === "string" ? source.name : "the blob";
    return { name, stream: source.stream(), byteLength: source.size };
  }
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    const bytes = ownBytes(source);
    return { name: "the bytes", stream: streamOf(bytes), byteLength: bytes.length };
  }
  if (source instanceof URL || (typeof source === "string" && source !== "")) return openAddress(source, options);
  throw new ValueError(
    "openSource: expected a path, a URL, a Blob or File, a ReadableStream or a Uint8Array; got " +
      `${source === "" ? "an empty string" : typeof source}`,
  );
}

/**
 * The file path that a string denotes (a path or a `file:` URL); undefined for strings to fetch: other URLs, and every
 * string in a browser.
 */
export async function pathOf(text: string): Promise<string | undefined> {
  if (FETCHED.test(text) || !hasNodeModules()) return undefined;
  if (!/^file:/i.test(text)) return text;
  const specifier = "node:url";
  const { fileURLToPath } = (await import(/* @vite-ignore */ specifier)) as { fileURLToPath(url: string): string };
  return fileURLToPath(text);
}

/**
 * Like `openSource`, for a path or a URL. An abort also ends a wait for something that never opens, such as a named
 * pipe.
 */
export async function openAddress(address: string | URL, options: SourceOptions): Promise<OpenSource> {
  const text = String(address);
  const opening = openPathOrUrl(text, options);
  try {
    return await raceAbort(opening, options.signal);
  } catch (cause) {
    opening.then(({ stream }) => stream.cancel()).catch(() => undefined);
    throw cause instanceof AbortError ? new AbortError(`reading ${nameOf(text)} was stopped`, {}, { cause }) : cause;
  }
}

async function openPathOrUrl(text: string, options: SourceOptions): Promise<OpenSource> {
  const path = await pathOf(text);
  if (path === undefined) return openUrl(text, options);
  const files = await openFileSystem();
  return { name: path, ...(await files.readStream(path)) };
}

async function openUrl(url: string, options: SourceOptions): Promise<OpenSource> {
  const name = nameOf(url);
  let response: Response;
  try {
    response = await fetch(url, options);
  } catch (cause) {
    throw new FileError(
      `cannot fetch ${name}: the server cannot be reached, or CORS does not let this page read it; check the ` +
        "address, or download the file and give it as a path or a File",
      { url: name },
      { cause },
    );
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new FileError(
      `cannot fetch ${name}: expected status 200 with a body, got ${response.status} ${response.statusText}; check ` +
        "the address",
      { url: name, status: response.status },
    );
  }
  // With a content encoding, content-length counts encoded bytes, which the stream does not return.
  const header = response.headers.get("content-encoding") ? null : response.headers.get("content-length");
  const byteLength = header !== null && /^\d+$/.test(header) ? Number(header) : undefined;
  return { name, stream: response.body, byteLength };
}

const nameOf = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}
