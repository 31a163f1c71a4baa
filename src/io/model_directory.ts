/**
 * Saved models in directories. Several writers, in one process or in many, may save into one directory without a lock:
 *
 * - A save's files have names that no other save uses, and `model.json`, renamed into place last, names them. So the
 * newest
 *   `model.json` always names a whole save.
 * - A file that some `model.json` named and the present one does not is never named again: it is removed at once.
 * - Any other file may be of a save that is not done yet: it is removed when it is ten minutes old.
 * - Whoever read a `model.json` and finds its files gone reads the new one (`assembleModel`).
 */
import { SluiceError } from "../core/errors.ts";
import { inTurn } from "../core/in_turn.ts";
import {
  assembleModel,
  isPartName,
  joinName,
  MANIFEST_NAME,
  MAX_MANIFEST_BYTES,
  PART_NAMES,
  packModel,
  type SavedModel,
} from "./model_file.ts";

/** The part of a file system that saving needs; `FileSystem` of `platform` is one. */
export interface ModelStorage {
  readFile(path: string, options?: { readonly maxBytes?: number }): Promise<Uint8Array>;
  writeFileAtomic(path: string, bytes: Uint8Array): Promise<void>;
  readDirectory(path: string): Promise<readonly string[]>;
  makeDirectory(path: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  /** When the file was last written, in milliseconds since 1970. */
  modifiedAt(path: string): Promise<number>;
}

/** How long a file that no `model.json` has named yet is taken for part of a save that is not done. */
const UNFINISHED_MS = 10 * 60_000;

/**
 * Saves a model in a directory, which is made if need be. A crash or an error at any moment leaves the save that was
 * there, or the new one; so do other saves into the directory at the same time. In one process they are done in the
 * order of the calls.
 * @param model a promise of it takes its turn at once
 * @throws FileError if the disk is full or fails; the old save is then still whole.
 *
 * @example
 * await writeModelDirectory(await openFileSystem(), "runs/first", saved);
 */
export function writeModelDirectory(
  storage: ModelStorage,
  directory: string,
  model: SavedModel | Promise<SavedModel>,
): Promise<void> {
  return inTurn(`save ${directory.replace(/(.)\/+$/, "$1")}`, async () => {
    const saved = await model;
    await storage.makeDirectory(directory);
    let isWhole = false;
    while (!isWhole) {
      const written = await writeFiles(storage, directory, saved);
      isWhole = await removeStale(storage, directory, written);
    }
  });
}

/**
 * Reads a model that `writeModelDirectory` saved.
 * @throws FormatError if a file is cut short, damaged, foreign, or of a newer version.
 * @throws FileError if a file is missing or not readable.
 *
 * @example
 * const saved = await readModelDirectory(await openFileSystem(), "runs/first");
 */
export function readModelDirectory(storage: ModelStorage, directory: string): Promise<SavedModel> {
  return assembleModel(
    (name, maxBytes) => storage.readFile(joinName(directory, name), { maxBytes }),
    undefined,
    `${directory}: `,
  );
}

/** What a save wrote. */
interface Written {
  /** The names of its files, without `model.json`. */
  readonly own: readonly string[];
  /** The names in the `model.json` that it replaced. */
  readonly replaced: ReadonlySet<string>;
}

async function writeFiles(storage: ModelStorage, directory: string, model: SavedModel): Promise<Written> {
  const files = await packModel(model, uniqueDigits());
  const own = [...files.keys()].filter((name) => name !== MANIFEST_NAME);
  let replaced: ReadonlySet<string> = new Set();
  try {
    for (const [name, bytes] of files) {
      // Before model.json is replaced, and as late as can be.
      if (name === MANIFEST_NAME) replaced = await namesInUse(storage, directory).catch(() => replaced);
      await storage.writeFileAtomic(joinName(directory, name), bytes);
    }
  } catch (cause) {
    // A full disk gets back what this save took, unless model.json names it after all.
    const used = await namesInUse(storage, directory).catch(() => new Set(own));
    for (const name of own) {
      if (!used.has(name)) await storage.removeFile(joinName(directory, name)).catch(() => undefined);
    }
    throw cause;
  }
  return { own, replaced };
}

/**
 * Removes what no save needs any more, as far as it can: the save itself is done, and what is left waits for the next
 * one.
 * @returns false when `model.json` names files of this save that are gone: the process stood still for longer than
 * others wait.
 */
async function removeStale(storage: ModelStorage, directory: string, { own, replaced }: Written): Promise<boolean> {
  const pathOf = (name: string) => joinName(directory, name);
  try {
    const names = await storage.readDirectory(directory);
    const used = await namesInUse(storage, directory);
    // By the clock of the disk, which may be another machine's.
    const now = await storage.modifiedAt(pathOf(MANIFEST_NAME));
    const ageOf = async (name: string) => now - (await storage.modifiedAt(pathOf(name)).catch(() => now));
    for (const name of names) {
      // What an atomic write leaves behind when the process is killed in it.
      const target = name.replace(/\.[\w-]+\.tmp$/, "");
      if (used.has(name) || !(isPartName(target) || (target === MANIFEST_NAME && target !== name))) continue;
      const isStale = own.includes(name) || replaced.has(name) || (await ageOf(name)) > UNFINISHED_MS;
      if (isStale) await storage.removeFile(pathOf(name)).catch(() => undefined);
    }
    return own.every((name) => names.includes(name) || !used.has(name));
  } catch (error) {
    if (error instanceof SluiceError) return true;
    throw error;
  }
}

/**
 * The names of parts that occur in the directory's `model.json`, of whatever version it is; none where there is no such
 * file.
 */
async function namesInUse(storage: ModelStorage, directory: string): Promise<ReadonlySet<string>> {
  if (!(await storage.readDirectory(directory)).includes(MANIFEST_NAME)) return new Set();
  const bytes = await storage.readFile(joinName(directory, MANIFEST_NAME), { maxBytes: MAX_MANIFEST_BYTES });
  return new Set(new TextDecoder().decode(bytes).match(PART_NAMES));
}

/** Eight hexadecimal digits at random. */
function uniqueDigits(): string {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return number.toString(16).padStart(8, "0");
}
