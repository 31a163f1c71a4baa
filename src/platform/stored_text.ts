/** A string that is stored between runs: a file in Node and Deno, a record of IndexedDB in a page. */
import { hasNodeModules, openFileSystem } from "./file_system.ts";

/** Reads and replaces one stored string. */
export interface KeptText {
  /** Undefined if nothing has been stored yet. */
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
}

/** A longer string was not written by this module. */
const MAX_BYTES = 1 << 24;

/**
 * Returns the stored string called `name`: in the user's cache directory in Node and Deno, in IndexedDB in a page or a
 * worker.
 *
 * @example
 * const text = await keptText("tuning.json").read();
 */
export function keptText(name: string): KeptText {
  if (!hasNodeModules()) return pageText(name);
  // The directory is determined late: if Deno denies access to the environment, only reading and writing fail.
  const file = () => fileText(`${cacheDirectory()}/sluice/${name}`);
  return { read: async () => file().read(), write: async (text) => file().write(text) };
}

/** A string in a file. The first write creates its directory. */
export function fileText(path: string): KeptText {
  return {
    async read() {
      const files = await openFileSystem();
      if (!(await files.exists(path))) return undefined;
      return new TextDecoder().decode(await files.readFile(path, { maxBytes: MAX_BYTES }));
    },
    async write(text) {
      const files = await openFileSystem();
      const directory = path.replace(/[^/\\]*$/, "");
      if (directory !== "") await files.makeDirectory(directory);
      await files.writeFileAtomic(path, new TextEncoder().encode(text));
    },
  };
}

interface Process {
  readonly platform?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * The user's cache directory: XDG_CACHE_HOME if it is set, otherwise the system's default.
 * https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function cacheDirectory({ process = {} }: { readonly process?: Process } = globalThis as object): string {
  const { env = {}, platform } = process;
  // The specification says to ignore relative paths.
  if (env.XDG_CACHE_HOME && /^([/\\]|[a-z]:)/i.test(env.XDG_CACHE_HOME)) return env.XDG_CACHE_HOME;
  const home = env.HOME || env.USERPROFILE || ".";
  if (platform === "win32") return env.LOCALAPPDATA || `${home}/AppData/Local`;
  return platform === "darwin" ? `${home}/Library/Caches` : `${home}/.cache`;
}

const DATABASE = "sluice";
const STORE = "texts";

function pageText(name: string): KeptText {
  return {
    async read() {
      const found = await withStore("readonly", (store) => store.get(name));
      return typeof found === "string" ? found : undefined;
    },
    async write(text) {
      await withStore("readwrite", (store) => store.put(text, name));
    },
  };
}

/** Makes one request in its own transaction; resolves when the transaction is complete. */
async function withStore(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}
