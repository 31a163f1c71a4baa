/**
 * Saved models in directories. Several writers, in one or more processes, may save to the same directory without a
 * lock:
 *
 * - A save's files have names that no other save uses, and `model.json`, renamed into place last, names them. So the
 *   newest `model.json` always names a complete save.
 * - A file that an earlier `model.json` named but the current one does not is never used again; it is removed at once.
 * - Any other file may belong to a save in progress; it is removed when it is ten minutes old.
 * - A reader that finds the files of a `model.json` missing reads the new `model.json` (`assembleModel`).
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

/** How long an unnamed file is assumed to belong to a save in progress. */
const UNFINISHED_MS = 10 * 60_000;

/**
 * Saves a model to a directory, which is created if necessary. Saving is atomic: a crash, an error or a concurrent save
 * leaves either the old or the new save. Within a process, saves run in the order of the calls.
 * @param model the model, or a promise of it, which reserves its turn immediately
 * @throws FileError if the disk is full or fails; the old save is kept.
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
 * @throws FormatError if a file is truncated, damaged, not Sluice's, or of a newer version.
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

/** The result of a save. */
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
      // Read as late as possible before model.json is replaced.
      if (name === MANIFEST_NAME) replaced = await namesInUse(storage, directory).catch(() => replaced);
      await storage.writeFileAtomic(joinName(directory, name), bytes);
    }
  } catch (cause) {
    // Frees the space that the failed save used, unless model.json names its files after all.
    const used = await namesInUse(storage, directory).catch(() => new Set(own));
    for (const name of own) {
      if (!used.has(name)) await storage.removeFile(joinName(directory, name)).catch(() => undefined);
    }
    throw cause;
  }
  return { own, replaced };
}

/**
 * Removes files that no save needs any more. Errors are ignored, because the save itself is complete; the next one
 * tries again.
 * @returns false if `model.json` names files of this save that are gone, because the process was suspended for too
 * long.
 */
async function removeStale(storage: ModelStorage, directory: string, { own, replaced }: Written): Promise<boolean> {
  const pathOf = (name: string) => joinName(directory, name);
  try {
    const names = await storage.readDirectory(directory);
    const used = await namesInUse(storage, directory);
    // Uses the file system's clock, which may be another machine's.
    const now = await storage.modifiedAt(pathOf(MANIFEST_NAME));
    const ageOf = async (name: string) => now - (await storage.modifiedAt(pathOf(name)).catch(() => now));
    for (const name of names) {
      // A temporary file left by an atomic write whose process was killed.
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

/** The names of parts in the directory's `model.json` of any version; empty if there is none. */
async function namesInUse(storage: ModelStorage, directory: string): Promise<ReadonlySet<string>> {
  if (!(await storage.readDirectory(directory)).includes(MANIFEST_NAME)) return new Set();
  const bytes = await storage.readFile(joinName(directory, MANIFEST_NAME), { maxBytes: MAX_MANIFEST_BYTES });
  return new Set(new TextDecoder().decode(bytes).match(PART_NAMES));
}

/** Eight random hexadecimal digits. */
function uniqueDigits(): string {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return number.toString(16).padStart(8, "0");
}
