/**
 * The origin-private file system of a browser, as far as saves need it. Each origin has one; no other page, and no
 * other program's file dialog, sees it. Source: https://fs.spec.whatwg.org (File System Standard).
 */
import { ownMemory } from "../core/own_memory.ts";
import { FileError, hasNodeModules } from "./file_system.ts";

/** A directory of the origin-private file system; a test gives one in memory. */
export interface PrivateDirectory {
  getDirectoryHandle(name: string, options?: { readonly create?: boolean }): Promise<PrivateDirectory>;
  getFileHandle(name: string, options?: { readonly create?: boolean }): Promise<PrivateFile>;
  removeEntry(name: string, options?: { readonly recursive?: boolean }): Promise<void>;
  keys(): AsyncIterable<string>;
}

/** A file of it. Workers have `createSyncAccessHandle`; pages, and the workers of some browsers, `createWritable`. */
export interface PrivateFile {
  getFile(): Promise<{ readonly size: number; arrayBuffer(): Promise<ArrayBuffer> }>;
  createWritable?(): Promise<{
    write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
    close(): Promise<void>;
    abort(): Promise<void>;
  }>;
  createSyncAccessHandle?(): Promise<{
    write(bytes: Uint8Array, options: { readonly at: number }): number;
    truncate(size: number): void;
    flush(): void;
    close(): void;
  }>;
}

/** What a save asks of a browser. */
export interface PrivateStorage {
  /** Asked for anew each time: an eviction takes the directory away that was there before. */
  root(): Promise<PrivateDirectory>;
  /** Runs `work` while no other page or worker of the origin holds the lock `name` in a way that excludes it. */
  withLock<T>(name: string, mode: "exclusive" | "shared", work: () => Promise<T>): Promise<T>;
  /** Bytes that the origin uses and may use, as far as the browser tells. */
  estimate(): Promise<{ readonly usage?: number; readonly quota?: number }>;
  /** True when the browser has promised not to evict the origin. */
  persisted(): Promise<boolean>;
  /** Asks for that promise, where it can be asked for: in a page, not in a worker. */
  persist(): Promise<boolean>;
}

/**
 * The storage of this page's origin.
 * @throws FileError in Node and Deno, in a page that is not served over https or from localhost, and where the browser
 * refuses (private windows of some).
 */
export async function openPrivateStorage(): Promise<PrivateStorage> {
  const { storage, locks } = (globalThis as { navigator?: Partial<Navigator> }).navigator ?? {};
  if (storage?.getDirectory === undefined || locks === undefined) {
    const advice = hasNodeModules()
      ? "model.save(directory) and loadModel(directory) keep models here"
      : "serve the page over https or from localhost, in a browser of 2023 or later";
    throw new FileError(`this runtime has no origin-private file system with Web Locks; ${advice}`);
  }
  // The standard's types name more than is used, and TypeScript's lack the worker's part.
  const root = async () => (await storage.getDirectory()) as unknown as PrivateDirectory;
  try {
    await root();
  } catch (cause) {
    throw new FileError(
      `the browser refuses its origin-private file system (${nameOf(cause)}); some do in private windows: use another window`,
      { code: nameOf(cause) },
      { cause },
    );
  }
  return {
    root,
    withLock: async (name, mode, work) =>
      (await locks.request(name, { mode }, work)) as Awaited<ReturnType<typeof work>>,
    estimate: () => storage.estimate(),
    persisted: () => storage.persisted(),
    persist: async () => (await (storage as Partial<StorageManager>).persist?.()) ?? false,
  };
}

/** Puts the bytes into a file, and returns once they are flushed. Not atomic: a kill may leave a part of them. */
export async function writePrivateFile(directory: PrivateDirectory, name: string, bytes: Uint8Array): Promise<void> {
  const file = await directory.getFileHandle(name, { create: true });
  if (file.createSyncAccessHandle !== undefined) {
    const handle = await file.createSyncAccessHandle();
    try {
      handle.truncate(0);
      for (let at = 0; at < bytes.length; ) {
        const written = handle.write(bytes.subarray(at), { at });
        if (written === 0) throw new DOMException("the storage takes no more bytes", "QuotaExceededError");
        at += written;
      }
      handle.flush();
    } finally {
      handle.close();
    }
    return;
  }
  if (file.createWritable === undefined) {
    throw new FileError(
      "this browser writes to its origin-private file system in workers only; save in a worker, or use a newer browser",
    );
  }
  const stream = await file.createWritable();
  try {
    await stream.write(ownMemory(bytes, name));
  } catch (cause) {
    // The stream is already errored in some browsers.
    await stream.abort().catch(() => undefined);
    throw cause;
  }
  await stream.close();
}

/** The whole file, or undefined when it is absent or longer than `maxBytes`. */
export async function readPrivateFile(
  directory: PrivateDirectory,
  name: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const file = await absentAsUndefined(directory.getFileHandle(name).then((handle) => handle.getFile()));
  if (file === undefined || file.size > maxBytes) return undefined;
  return new Uint8Array(await file.arrayBuffer());
}

/** A directory, or undefined when there is none. */
export function privateDirectory(parent: PrivateDirectory, name: string): Promise<PrivateDirectory | undefined> {
  return absentAsUndefined(parent.getDirectoryHandle(name));
}

/** How long a worker that was killed may hold its file before removing it is given up. */
const RETRIES = 40;
const RETRY_MS = 50;

/** Removes a file, or a directory with all in it; one that is absent is no error. */
export async function removePrivate(directory: PrivateDirectory, name: string): Promise<void> {
  for (let retry = 0; ; retry++) {
    try {
      await absentAsUndefined(directory.removeEntry(name, { recursive: true }));
      return;
    } catch (cause) {
      if (nameOf(cause) !== "NoModificationAllowedError" || retry === RETRIES) throw cause;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** The name by which the standard tells errors apart. */
export function nameOf(cause: unknown): string {
  return cause instanceof Error || cause instanceof DOMException ? cause.name : String(cause);
}

async function absentAsUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (cause) {
    if (nameOf(cause) !== "NotFoundError") throw cause;
    return undefined;
  }
}
