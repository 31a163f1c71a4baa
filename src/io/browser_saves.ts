/**
 * Saves in a browser, where no crash-safe rename is available. Each name has two slots; a save overwrites the slot that
 * does not hold the newest complete save. A closed tab, a terminated worker or a full quota therefore leaves the
 * previous save intact.
 */
import { FormatError, ValueError } from "../core/errors.ts";
import { flag, readOptions, type TableOf, withDefault } from "../core/option_table.ts";
import { FileError } from "../platform/file_interface.ts";
import {
  nameOf,
  openPrivateStorage,
  type PrivateStorage,
  privateDirectory,
  removePrivate,
} from "../platform/origin_private_files.ts";
import { isStorageFull } from "../platform/storage_full_error.ts";
import { clearSlot, readSlot, readSlotFiles, type Slot, writeSlot } from "./save_slot.ts";

const FOLDER = "sluice-saves";
const SLOTS = ["a", "b"] as const;
/** File systems limit names to 255 bytes. */
const MAX_NAME_BYTES = 240;

/** A save, as returned by `list`. */
export interface BrowserSave {
  readonly name: string;
  /** The size of all its files; the browser stores up to twice as much, because the previous save is kept. */
  readonly bytes: number;
  readonly savedAt: Date;
}

/** Named saves in the browser's storage; opened by `openBrowserSaves`. */
export interface BrowserSaves {
  /**
   * Saves files under a name, replacing an earlier save. Saving is atomic: the name always holds either all old or all
   * new files.
   * @throws FileError if the browser's storage is full; `details` has `bytes`, `usage` and `quota`. The old save is
   * kept.
   * @throws FormatError if the name holds a save of a newer Sluice, which is kept.
   * @throws ValueError if the name is empty, too long or not well-formed Unicode.
   */
  save(name: string, files: ReadonlyMap<string, Uint8Array>): Promise<void>;
  /**
   * Loads the newest complete save, verified by SHA-256.
   * @throws FileError with `details.code` "ENOENT" if there is none; the message says whether one existed earlier and
   * was evicted by the browser or cleared by the user.
   * @throws FormatError if the save is damaged or of a newer format.
   */
  load(name: string): Promise<Map<string, Uint8Array>>;
  /** Removes a save, if it exists. */
  remove(name: string): Promise<void>;
  /** All saves of this origin, by name. */
  list(): Promise<readonly BrowserSave[]>;
}

/** Options of `openBrowserSaves`. */
export interface BrowserSavesOptions {
  /**
   * Whether to ask the browser not to evict this origin's data when space is short; the browser may prompt the user.
   * Default: false. It has no effect in a worker; a page's `navigator.storage.persist()` applies to its workers too.
   */
  readonly persist?: boolean;
}

const OPEN = { persist: withDefault(flag, false) } satisfies TableOf<BrowserSavesOptions>;

/**
 * Opens the saves of this page's origin, in a page or a worker of any kind that has the origin-private file system.
 * Pages and workers may save at the same time: a Web Lock per name serializes them.
 * @throws FileError outside a browser, in an insecure context, or if the browser denies access.
 *
 * @example
 * const saves = await openBrowserSaves({ persist: true });
 * await saves.save("checkpoint", await model.toFiles());
 * const again = await loadModel(await saves.load("checkpoint"), { device });
 */
export async function openBrowserSaves(options: BrowserSavesOptions = {}): Promise<BrowserSaves> {
  const { persist } = readOptions("openBrowserSaves", OPEN, options);
  const storage = await openPrivateStorage();
  if (persist && !(await storage.persisted())) await storage.persist();
  return browserSaves(storage);
}

/** Creates saves on any storage with the browser's semantics, so that tests can inject failures. */
export function browserSaves(storage: PrivateStorage): BrowserSaves {
  /** Names that have held a save, to distinguish an evicted save from one that never existed. */
  const seen = new Set<string>();
  /** Only for writing: reading must not create directories, which may fail if the storage is full. */
  const folder = async () => (await storage.root()).getDirectoryHandle(FOLDER, { create: true });
  const present = async () => privateDirectory(await storage.root(), FOLDER);
  const locked = <T>(name: string, mode: "exclusive" | "shared", work: () => Promise<T>) =>
    storage.withLock(`${FOLDER}/${name}`, mode, work);

  return {
    async save(name, files) {
      const key = keyOf(name);
      await locked(name, "exclusive", async () => {
        const what = `the save ${JSON.stringify(name)}`;
        try {
          const home = await (await folder()).getDirectoryHandle(key, { create: true });
          const newest = await newestWhole(await slotsOf(home, what), what);
          const target = SLOTS.find((slot) => slot !== newest?.slot) as string;
          const generation = (newest?.head.generation ?? 0) + 1;
          await writeSlot(home, target, files, generation).catch(async (cause) => {
            // Frees the space that the failed save used.
            await clearSlot(home, target).catch(() => undefined);
            throw cause;
          });
        } catch (cause) {
          throw await saveError(storage, what, files, cause);
        }
        seen.add(name);
      });
    },

    async load(name) {
      const key = keyOf(name);
      return locked(name, "shared", async () => {
        const what = `the save ${JSON.stringify(name)}`;
        const all = await present();
        const home = all && (await privateDirectory(all, key));
        const slots = home === undefined ? [] : await slotsOf(home, what);
        if (slots.length === 0) throw await absent(storage, what, home !== undefined, seen.has(name));
        const files = new Map<string, Uint8Array>();
        const newest = await newestWhole(slots, what, files);
        if (newest === undefined) {
          const problem = await readSlotFiles(slots[0] as Slot, what);
          throw new FormatError(`${what} is damaged: ${problem}; remove it and save again`, { name });
        }
        seen.add(name);
        return files;
      });
    },

    async remove(name) {
      const key = keyOf(name);
      await locked(name, "exclusive", async () => {
        const all = await present();
        const home = all && (await privateDirectory(all, key));
        if (all === undefined || home === undefined) return;
        for (const slot of SLOTS) await clearSlot(home, slot);
        await removePrivate(all, key);
      });
      seen.delete(name);
    },

    async list() {
      const saves: BrowserSave[] = [];
      const all = await present();
      if (all === undefined) return saves;
      for await (const key of all.keys()) {
        const name = decodeURIComponent(key);
        const save = await locked(name, "shared", async () => {
          const home = await privateDirectory(all, key);
          const [newest] = home === undefined ? [] : await slotsOf(home, `the save ${JSON.stringify(name)}`);
          return newest && { name, bytes: newest.head.bytes, savedAt: new Date(newest.head.savedAt) };
        });
        if (save === undefined) continue;
        seen.add(name);
        saves.push(save);
      }
      return saves.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}

type NamedSlot = Slot & { readonly slot: string };

/** The slots with a complete manifest, newest first. */
async function slotsOf(home: Parameters<typeof readSlot>[0], what: string): Promise<readonly NamedSlot[]> {
  const found: NamedSlot[] = [];
  for (const slot of SLOTS) {
    const read = await readSlot(home, slot, what);
    if (read !== undefined) found.push({ ...read, slot });
  }
  return found.sort((a, b) => b.head.generation - a.head.generation);
}

/** The newest slot whose files are all intact; they are added to `files`. */
async function newestWhole(
  slots: readonly NamedSlot[],
  what: string,
  files?: Map<string, Uint8Array>,
): Promise<NamedSlot | undefined> {
  for (const slot of slots) {
    files?.clear();
    const problem = await readSlotFiles(slot, what, (name, bytes) => files?.set(name, bytes));
    if (problem === undefined) return slot;
  }
  return undefined;
}

/** Encodes a name as a safe directory name. */
function keyOf(name: string): string {
  let key = "";
  try {
    key = encodeURIComponent(name).replaceAll(".", "%2E");
  } catch {
    // A lone surrogate.
  }
  if (key !== "" && key.length <= MAX_NAME_BYTES) return key;
  throw new ValueError(
    `openBrowserSaves: the name ${JSON.stringify(name).slice(0, 80)} cannot be used; expected a well-formed string ` +
      `of 1 to ${MAX_NAME_BYTES} bytes once percent-encoded, got ${key.length}`,
    { name, maxBytes: MAX_NAME_BYTES },
  );
}

async function absent(storage: PrivateStorage, what: string, begun: boolean, wasSeen: boolean): Promise<FileError> {
  const persisted = await storage.persisted().catch(() => false);
  const advice = persisted
    ? "the browser has promised to keep this origin's data"
    : "openBrowserSaves({ persist: true }) asks the browser to keep this origin's data";
  let reason = "nothing was saved under this name, or the browser has evicted this origin's data";
  if (wasSeen)
    reason = "it was there before, and has been evicted by the browser, cleared by the user or removed since";
  else if (begun) reason = "its first save was cut off";
  return new FileError(`${what} is not in this browser: ${reason}; ${advice}`, {
    code: "ENOENT",
    evicted: wasSeen,
    persisted,
  });
}

async function saveError(
  storage: PrivateStorage,
  what: string,
  files: ReadonlyMap<string, Uint8Array>,
  cause: unknown,
): Promise<unknown> {
  if (cause instanceof FormatError || cause instanceof FileError) return cause;
  const code = nameOf(cause);
  let bytes = 0;
  for (const content of files.values()) bytes += content.length;
  if (!isStorageFull(cause)) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new FileError(
      `cannot write ${what}: ${reason} (${code}); what was saved before is unchanged`,
      { code, bytes },
      { cause },
    );
  }
  const { usage, quota } = await storage.estimate().catch(() => ({ usage: undefined, quota: undefined }));
  const told = quota === undefined ? "" : ` (${usage ?? 0} of ${quota} bytes are used, by its own estimate)`;
  return new FileError(
    `cannot write ${what}: it needs ${bytes} bytes, and the browser's storage for this origin is full${told}; ` +
      "what was saved before is unchanged: remove other saves, or free disk space",
    { code, bytes, usage, quota },
    { cause },
  );
}
