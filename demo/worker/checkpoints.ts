/**
 * Checkpoints of training runs in the origin-private file system. There are several places, so that each tab has its
 * own. A tab holds the lock of its place while it trains; if the lock is free, the page was closed or crashed.
 */
import { type BrowserSaves, FormatError, type ModelFiles, openBrowserSaves } from "sluice";
import type { Run } from "../messages/training.ts";

const PLACES = ["training-1", "training-2", "training-3", "training-4"] as const;
const RUN_FILE = "run.json";

/** A saved training run. */
export interface Checkpoint {
  readonly place: string;
  readonly run: Run;
  readonly files: ModelFiles;
}

/** A place that this page has locked until `release`. */
export interface Place {
  readonly name: string;
  save(run: Run, files: ModelFiles): Promise<void>;
  release(): void;
}

let opened: Promise<BrowserSaves> | undefined;

function saves(): Promise<BrowserSaves> {
  opened ??= openBrowserSaves();
  return opened;
}

const lockOf = (name: string): string => `sluice-page/${name}`;

/** Acquires a lock if it is free, and returns its release function. */
async function hold(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lockOf(name), { ifAvailable: true }, async (lock) => {
        if (lock === null) return resolve(undefined);
        await new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}

/**
 * Acquires a place for checkpoints: the named one, or one that no other tab uses, preferably empty.
 * @throws FileError when the browser has no origin-private file system.
 */
export async function takePlace(wanted?: string): Promise<Place> {
  const store = await saves();
  const full = (await store.list()).map(({ name }) => name);
  const emptyFirst = [...PLACES].sort((a, b) => Number(full.includes(a)) - Number(full.includes(b)));
  for (const name of wanted === undefined ? emptyFirst : [wanted]) {
    const release = await hold(name);
    if (release === undefined) continue;
    return {
      name,
      release,
      save: (run, files) =>
        store.save(name, new Map([...files, [RUN_FILE, new TextEncoder().encode(JSON.stringify(run))]])),
    };
  }
  throw new FormatError("this training goes on in another tab; close that one, or go on there");
}

/** The newest checkpoint that no tab is using; undefined if there is none. */
export async function newestCheckpoint(): Promise<Checkpoint | undefined> {
  const store = await saves();
  const found: Checkpoint[] = [];
  for (const { name } of await store.list()) {
    const release = (PLACES as readonly string[]).includes(name) ? await hold(name) : undefined;
    if (release === undefined) continue;
    try {
      found.push(await read(store, name));
    } catch {
      // A checkpoint of another version, or a damaged one, cannot be resumed.
    } finally {
      release();
    }
  }
  return found.sort((a, b) => b.run.savedAt - a.run.savedAt)[0];
}

/**
 * Reads a checkpoint.
 * @throws FileError when it does not exist, FormatError when it is damaged.
 */
export async function readCheckpoint(place: string): Promise<Checkpoint> {
  return read(await saves(), place);
}

/** Removes a checkpoint. */
export async function removeCheckpoint(place: string): Promise<void> {
  await (await saves()).remove(place);
}

async function read(store: BrowserSaves, place: string): Promise<Checkpoint> {
  const files = await store.load(place);
  const bytes = files.get(RUN_FILE);
  if (bytes === undefined) throw new FormatError(`the kept training ${place} has no ${RUN_FILE}; remove it`);
  files.delete(RUN_FILE);
  return { place, files, run: JSON.parse(new TextDecoder().decode(bytes)) as Run };
}
