/**
 * The parts of a browser's origin-private file system that saving needs. Each origin has its own; other origins and
 * other programs' file dialogs cannot see it. Source: https://fs.spec.whatwg.org (File System Standard).
 */
import { ownMemory } from "../core/own_memory.ts";
import { FileError } from "./file_interface.ts";
import { hasNodeModules } from "./file_system.ts";

/** A directory of the origin-private file system; tests replace it by one in memory. */
export interface PrivateDirectory {
  getDirectoryHandle(name: string, options?: { readonly create?: boolean }): Promise<PrivateDirectory>;
  getFileHandle(name: string, options?: { readonly create?: boolean }): Promise<PrivateFile>;
  removeEntry(name: string, options?: { readonly recursive?: boolean }): Promise<void>;
  keys(): AsyncIterable<string>;
}

/**
 * A file in it. Workers provide `createSyncAccessHandle`; pages, and the workers of some browsers, `createWritable`.
 */
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

/** The browser features that saving needs. */
export interface PrivateStorage {
  /** Requested each time: an eviction removes the previous directory. */
  root(): Promise<PrivateDirectory>;
  /** Runs `work` while no other page or worker of the origin holds the lock `name` in a way that excludes it. */
  withLock<T>(name: string, mode: "exclusive" | "shared", work: () => Promise<T>): Promise<T>;
  /** The bytes that the origin uses and may use, if the browser reports them. */
  estimate(): Promise<{ readonly usage?: number; readonly quota?: number }>;
  /** True when the browser has promised not to evict the origin. */
  persisted(): Promise<boolean>;
  /** Requests that promise, which is possible in a page but not in a worker. */
  persist(): Promise<boolean>;
}

/**
 * The storage of this page's origin.
 * @throws FileError in Node and Deno, in a page that is not served over https or from localhost, and when the browser
 * denies access (as some do in private windows).
 */
export async function openPrivateStorage(): Promise<PrivateStorage> {
  const { storage, locks } = (globalThis as { navigator?: Partial<Navigator> }).navigator ?? {};
  if (storage?.getDirectory === undefined || locks === undefined) {
    const advice = hasNodeModules()
      ? "model.save(directory) and loadModel(directory) keep models here"
      : "serve the page over https or from localhost, in a browser of 2023 or later";
    throw new FileError(`this runtime has no origin-private file system with Web Locks; ${advice}`);
  }
  // TypeScript's DOM types lack the methods that only workers have.
  const root = async () => (await storage.getDirectory()) as unknown as PrivateDirectory;
  try {
    await root();
  } catch (cause) {
    throw new FileError(
      `the browser denies access to its origin-private file system (${nameOf(cause)}); some do in private windows: ` +
        "use another window",
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

/** Writes a file and resolves when it is flushed. Not atomic: a killed process may leave part of the bytes. */
export async function writePrivateFile(directory: PrivateDirectory, name: string, bytes: Uint8Array): Promise<void> {
  const file = await directory.getFileHandle(name, { create: true });
  if (file.createSyncAccessHandle !== undefined) {
    const handle = await file.createSyncAccessHandle();
    try {
      handle.truncate(0);
      for (let at = 0; at < bytes.length; ) {
        const written = handle.write(bytes.subarray(at), { at });
        if (written === 0) throw new DOMException("the storage accepted no more bytes", "QuotaExceededError");
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
    // In some browsers the stream is already errored.
    await stream.abort().catch(() => undefined);
    throw cause;
  }
  await stream.close();
}

/** The whole file, or undefined if it does not exist or is longer than `maxBytes`. */
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

/** How long to retry a removal, because a killed worker may still hold the file. */
const RETRIES = 40;
const RETRY_MS = 50;

/** Removes a file, or a directory with its contents. Does nothing if it does not exist. */
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

/** The name of a DOMException, by which the standard distinguishes errors. */
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
