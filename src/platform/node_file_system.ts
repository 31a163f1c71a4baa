/** The file system of Node and Deno, on `node:fs/promises`. */
import { inTurn } from "../core/in_turn.ts";
import { FileError, type FileSystem, type ReadFileOptions } from "./file_interface.ts";

const CHUNK_BYTES = 1 << 18;

/** The longest file that is read at once: the largest typed array that every runtime supports. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

/** The members of Node's Stats that are used here. */
export interface NodeFileStats {
  readonly size: number;
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** The methods of Node's FileHandle that are used here. Declared so that the engine compiles without Node's types. */
export interface NodeFileHandle {
  read(buffer: Uint8Array, offset: number, length: number): Promise<{ readonly bytesRead: number }>;
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
  stat(): Promise<NodeFileStats>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The functions of `node:fs/promises` that are used here; tests replace them by failing ones. */
export interface NodeFileFunctions {
  open(path: string, flags: string | number): Promise<NodeFileHandle>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  mkdir(path: string, options: { readonly recursive: boolean }): Promise<unknown>;
  stat(path: string): Promise<NodeFileStats>;
  realpath(path: string): Promise<string>;
  /** Windows lacks the last two. */
  readonly constants: { readonly O_RDONLY: number; readonly O_NONBLOCK?: number; readonly O_NOCTTY?: number };
}

/** Loads `node:fs/promises`. The specifier is a variable so that bundlers do not try to include it in a page. */
export async function loadNodeFileSystem(): Promise<FileSystem> {
  const specifier = "node:fs/promises";
  const functions = (await import(/* @vite-ignore */ specifier)) as NodeFileFunctions;
  return nodeFileSystem(functions);
}

/**
 * A FileSystem on functions that behave like those of `node:fs/promises`.
 *
 * @example
 * const files = nodeFileSystem(await import("node:fs/promises"));
 */
export function nodeFileSystem(functions: NodeFileFunctions): FileSystem {
  return {
    readStream: (path) => readStream(functions, path),
    readFile: (path, options) => readFile(functions, path, options),
    writeFileAtomic: (path, bytes) => inTurn(`file ${path}`, () => writeFileAtomic(functions, path, bytes)),
    appendFile: (path, bytes) => inTurn(`file ${path}`, () => appendFile(functions, path, bytes)),
    async readDirectory(path) {
      return (await attempt(path, "list", () => functions.readdir(path))).sort();
    },
    makeDirectory: (path) => attempt(path, "make directory", () => makeDirectory(functions, path)),
    async removeFile(path) {
      await attempt(path, "remove", () => functions.unlink(path).catch(ignoreAbsent));
    },
    realPath: (path) => attempt(path, "look at", () => functions.realpath(path)),
    modifiedAt: async (path) => (await attempt(path, "look at", () => functions.stat(path))).mtimeMs,
    async exists(path) {
      const found = await attempt(path, "look at", () => functions.stat(path).catch(ignoreAbsent));
      return found !== undefined;
    },
  };
}

/**
 * Opens a regular file for reading, or a link to one. The kind is read from the open handle, so that no other file can
 * take its place between the check and the first read. O_NONBLOCK: opening a named pipe would wait for its writer.
 */
async function openToRead(functions: NodeFileFunctions, path: string, action: string) {
  const { O_RDONLY, O_NONBLOCK = 0, O_NOCTTY = 0 } = functions.constants;
  const handle = await attempt(path, action, () => functions.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  try {
    const stats = await handle.stat();
    expectRegular(stats);
    return { handle, byteLength: stats.size };
  } catch (cause) {
    await handle.close().catch(() => undefined);
    throw fileError(path, action, cause);
  }
}

/** @throws Error unless it is a regular file: reading a pipe or a device may never end. */
function expectRegular(stats: NodeFileStats): void {
  if (stats.isFile()) return;
  const code = stats.isDirectory() ? "EISDIR" : "EFTYPE";
  throw Object.assign(new Error("it is not a regular file"), { code });
}

async function readStream(functions: NodeFileFunctions, path: string) {
  const { handle, byteLength } = await openToRead(functions, path, "open");
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const buffer = new Uint8Array(CHUNK_BYTES);
          const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES);
          if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
          await handle.close();
          controller.close();
        } catch (cause) {
          await handle.close().catch(() => undefined);
          throw fileError(path, "read", cause);
        }
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 1 },
  );
  return { stream, byteLength };
}

/** Counts the bytes read, because a file may grow meanwhile, and the system reports length 0 for some files. */
async function readFile(functions: NodeFileFunctions, path: string, options: ReadFileOptions = {}) {
  const { maxBytes = MAX_FILE_BYTES } = options;
  const expectLength = (size: number): void => {
    if (size <= maxBytes) return;
    throw new FileError(`${path} has ${size} bytes; expected at most ${maxBytes}; it is probably a different file`, {
      path,
      size,
      maxBytes,
    });
  };
  const { handle, byteLength } = await openToRead(functions, path, "read");
  try {
    expectLength(byteLength);
    let bytes = await readUpTo(handle, byteLength);
    for (let room = CHUNK_BYTES; ; room *= 2) {
      const more = await readUpTo(handle, room);
      if (more.length === 0) return bytes;
      expectLength(bytes.length + more.length);
      const longer = new Uint8Array(bytes.length + more.length);
      longer.set(bytes);
      longer.set(more, bytes.length);
      bytes = longer;
    }
  } catch (cause) {
    throw fileError(path, "read", cause);
  } finally {
    // All bytes have been read, so an error of `close` does not matter.
    await handle.close().catch(() => undefined);
  }
}

/** Reads up to `most` bytes of a file. */
async function readUpTo(handle: NodeFileHandle, most: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(most);
  for (let length = 0; length < most; ) {
    const { bytesRead } = await handle.read(bytes, length, most - length);
    if (bytesRead === 0) return bytes.slice(0, length);
    length += bytesRead;
  }
  return bytes;
}

async function makeDirectory(functions: NodeFileFunctions, path: string): Promise<void> {
  try {
    await functions.mkdir(path, { recursive: true });
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") throw cause;
    // Node reports ENOENT for a read-only file system too; creating the first missing folder gives the true reason.
    const parent = path.replace(/[/\\]*[^/\\]*[/\\]*$/, "");
    const isThere = parent === "" || (await functions.stat(parent).catch(ignoreAbsent)) !== undefined;
    await (isThere ? functions.mkdir(path, { recursive: false }) : makeDirectory(functions, parent));
  }
}

async function writeFileAtomic(functions: NodeFileFunctions, path: string, bytes: Uint8Array): Promise<void> {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  const directory = cut < 0 ? "." : path.slice(0, cut + 1);
  // In the same directory, because a rename is atomic only within a file system; with a name that no other process
  // uses.
  const temporary = `${path}.${crypto.randomUUID().slice(0, 18)}.tmp`;
  let [opened, renamed] = [false, false];
  try {
    expectPath(path);
    // A rename would replace a device or a pipe by a regular file.
    const present = await functions.stat(path).catch(() => undefined);
    if (present !== undefined) expectRegular(present);
    const handle = await functions.open(temporary, "wx");
    opened = true;
    try {
      await writeAll(handle, bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await functions.rename(temporary, path);
    renamed = true;
    await syncDirectory(functions, directory);
  } catch (cause) {
    if (opened && !renamed) await functions.unlink(temporary).catch(() => undefined);
    throw fileError(path, "write", cause, renamed ? "" : "; the previous contents are unchanged");
  }
}

async function appendFile(functions: NodeFileFunctions, path: string, bytes: Uint8Array): Promise<void> {
  try {
    expectPath(path);
    const present = await functions.stat(path).catch(() => undefined);
    if (present !== undefined) expectRegular(present);
    const handle = await functions.open(path, "a");
    try {
      await writeAll(handle, bytes);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw fileError(path, "write", cause, "; the previous contents are unchanged");
  }
}

/** The system does not treat a short write as an error; this continues it, or throws. */
async function writeAll(handle: NodeFileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written);
    if (bytesWritten === 0) throw Object.assign(new Error("the disk accepted no more bytes"), { code: "ENOSPC" });
    written += bytesWritten;
  }
}

/** Makes the rename itself survive a power failure. Windows cannot sync a directory and does not need to. */
async function syncDirectory(functions: NodeFileFunctions, directory: string): Promise<void> {
  let handle: NodeFileHandle;
  try {
    handle = await functions.open(directory, "r");
  } catch {
    return;
  }
  try {
    await handle.sync();
  } catch (cause) {
    if (!["EPERM", "EINVAL", "EISDIR", "ENOTSUP"].includes(codeOf(cause) ?? "")) throw cause;
  } finally {
    await handle.close();
  }
}

/** Matches URLs, except those with a scheme of one letter, which are Windows paths. */
const URL_START = /^([a-z][a-z\d+.-]+:[/\\]{2}|(https?|file|blob|data):)/i;

/** @throws Error for a URL: the system would treat it as a path in a folder called `http:`. */
function expectPath(path: string): void {
  if (!URL_START.test(path)) return;
  throw new Error(
    "it is a URL; expected a file path, such as runs/first. Use fetch() to read from or write to a " +
      "server, and fileURLToPath of node:url for a file URL",
  );
}

async function attempt<T>(path: string, action: string, work: () => Promise<T>): Promise<T> {
  try {
    expectPath(path);
    return await work();
  } catch (cause) {
    throw fileError(path, action, cause);
  }
}

function ignoreAbsent(cause: unknown): undefined {
  if (codeOf(cause) !== "ENOENT") throw cause;
  return undefined;
}

function codeOf(cause: unknown): string | undefined {
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

const ADVICE: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or directory; check the path"],
  ["EACCES", "access is denied; check the permissions"],
  ["EPERM", "the operation is not permitted; check the permissions"],
  ["EISDIR", "it is a directory; expected a file"],
  ["EFTYPE", "it is a pipe, a socket or a device; expected a regular file"],
  ["ENOTDIR", "part of the path is not a directory"],
  ["ENOSPC", "the disk is full; free some space and try again"],
  ["EDQUOT", "the disk quota is used up; free some space and try again"],
  ["EROFS", "the file system is read-only; choose another place"],
  ["EIO", "the device failed; check the disk, or choose another place"],
]);

function fileError(path: string, action: string, cause: unknown, outcome = ""): FileError {
  if (cause instanceof FileError) return cause;
  const code = codeOf(cause);
  const reason = ADVICE.get(code ?? "") ?? (cause instanceof Error ? cause.message : String(cause));
  return new FileError(
    `cannot ${action} ${path}: ${reason}${code ? ` (${code})` : ""}${outcome}`,
    { path, action, code },
    {
      cause,
    },
  );
}
