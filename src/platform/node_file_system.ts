/** The file system of Node and Deno, on `node:fs/promises`. */
import { inTurn } from "../core/in_turn.ts";
import { FileError, type FileSystem, type ReadFileOptions } from "./file_interface.ts";

const CHUNK_BYTES = 1 << 18;

/** The methods of Node's FileHandle that are used here. Declared so that the engine compiles without Node's types. */
export interface NodeFileHandle {
  read(buffer: Uint8Array, offset: number, length: number): Promise<{ readonly bytesRead: number }>;
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
  stat(): Promise<{ readonly size: number; isDirectory(): boolean }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The functions of `node:fs/promises` that are used here; tests replace them by failing ones. */
export interface NodeFileFunctions {
  open(path: string, flags: string): Promise<NodeFileHandle>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>;
  stat(path: string): Promise<{ readonly size: number; readonly mtimeMs: number }>;
  realpath(path: string): Promise<string>;
  readFile(path: string): Promise<Uint8Array>;
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
    async readDirectory(path) {
      return (await attempt(path, "list", functions.readdir(path))).sort();
    },
    async makeDirectory(path) {
      await attempt(path, "make directory", functions.mkdir(path, { recursive: true }));
    },
    async removeFile(path) {
      await attempt(path, "remove", functions.unlink(path).catch(ignoreAbsent));
    },
    realPath: (path) => attempt(path, "look at", functions.realpath(path)),
    modifiedAt: async (path) => (await attempt(path, "look at", functions.stat(path))).mtimeMs,
    async exists(path) {
      const found = await attempt(path, "look at", functions.stat(path).catch(ignoreAbsent));
      return found !== undefined;
    },
  };
}

async function readStream(functions: NodeFileFunctions, path: string) {
  const handle = await attempt(path, "open", functions.open(path, "r"));
  let byteLength: number;
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw Object.assign(new Error("it is a directory"), { code: "EISDIR" });
    byteLength = stats.size;
  } catch (cause) {
    await handle.close();
    throw fileError(path, "open", cause);
  }
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

async function readFile(functions: NodeFileFunctions, path: string, options: ReadFileOptions = {}) {
  const { maxBytes = Number.POSITIVE_INFINITY } = options;
  const { size } = await attempt(path, "read", functions.stat(path));
  if (size > maxBytes) {
    throw new FileError(`${path} has ${size} bytes; expected at most ${maxBytes}; it is probably a different file`, {
      path,
      size,
      maxBytes,
    });
  }
  const bytes = await attempt(path, "read", functions.readFile(path));
  // A Node Buffer is a Uint8Array whose `slice` returns a view; return a plain Uint8Array instead.
  return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

async function writeFileAtomic(functions: NodeFileFunctions, path: string, bytes: Uint8Array): Promise<void> {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  const directory = cut < 0 ? "." : path.slice(0, cut + 1);
  // In the same directory, because a rename is atomic only within a file system; by a name that no other process takes.
  const temporary = `${path}.${crypto.randomUUID().slice(0, 18)}.tmp`;
  let [opened, renamed] = [false, false];
  try {
    const handle = await functions.open(temporary, "wx");
    opened = true;
    try {
      // The system does not treat a short write as an error; the loop continues it, or throws.
      for (let written = 0; written < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, written, bytes.length - written);
        if (bytesWritten === 0) throw Object.assign(new Error("the disk accepted no more bytes"), { code: "ENOSPC" });
        written += bytesWritten;
      }
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

async function attempt<T>(path: string, action: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
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
