/**
 * What a training of the command line keeps in a directory: the model's files, and `run.json` with what it was told.
 */
import { FormatError } from "../core/errors.ts";
import { objectOf } from "../core/json_check.ts";
import type { ModelFiles } from "../index.ts";
import { MANIFEST_NAME, unpackModel, writeModelDirectory } from "../io/model_file.ts";
import { type JsonValue, parseStrictJson } from "../io/strict_json.ts";
import type { FileSystem } from "../platform/file_interface.ts";
import { flagOf } from "./option_checks.ts";
import type { TaskName } from "./training_tasks.ts";
import { UsageError } from "./usage_error.ts";

const RUN_NAME = "run.json";
const FORMAT = "sluice-run";
const MAX_RUN_BYTES = 2 ** 16;
const PART_NAME = /^[\w-]+\.safetensors$/;

/** What one command keeps of a run: which command it was, and what it was told. */
export interface RunKind<Told> {
  readonly task: TaskName;
  /** What was told, from the fields of `run.json`. @throws FormatError when they are damaged. */
  readonly read: (fields: ReadonlyMap<string, JsonValue>, path: string) => Told;
}

/** A run as it was saved. */
export interface SavedRun<Told> {
  readonly told: Told;
  readonly files: ModelFiles;
}

/** Saves what was told and the model. A crash leaves a whole model, the old or the new one. */
export async function writeRun<Told extends object>(
  storage: FileSystem,
  directory: string,
  task: TaskName,
  { told, files }: SavedRun<Told>,
): Promise<void> {
  const run = { format: FORMAT, formatVersion: 1, task, ...told };
  await storage.makeDirectory(directory);
  await storage.writeFileAtomic(`${directory}/${RUN_NAME}`, encodeJson(run));
  await writeModelDirectory(storage, directory, await unpackModel(files));
}

/**
 * Reads what `writeRun` saved.
 * @throws UsageError when there is none, or another command saved it.
 * @throws FormatError when it is damaged.
 */
export async function readRun<Told>(
  storage: FileSystem,
  directory: string,
  { task, read }: RunKind<Told>,
): Promise<SavedRun<Told>> {
  const path = `${directory}/${RUN_NAME}`;
  if (!(await storage.exists(path))) {
    throw new UsageError(
      `--resume ${directory}: there is no ${RUN_NAME}; expected a directory that \`sluice ${task}\` saved to`,
    );
  }
  const fields = objectOf(parseStrictJson(await storage.readFile(path, { maxBytes: MAX_RUN_BYTES }), path), path);
  if (fields.get("format") !== FORMAT || fields.get("formatVersion") !== 1) {
    throw new FormatError(
      `${path}: expected a "${FORMAT}" of version 1; it was saved by another program or another Sluice`,
    );
  }
  // Runs of before there was a second command have no name of theirs.
  const saved = fields.get("task") ?? "train";
  if (saved !== task) {
    throw new UsageError(`--resume ${directory}: \`sluice ${saved}\` saved it; go on with that command`);
  }
  const manifest = await storage.readFile(`${directory}/${MANIFEST_NAME}`);
  const parts = partNames(manifest, `${directory}/${MANIFEST_NAME}`);
  const files = new Map([[MANIFEST_NAME, manifest]]);
  for (const name of parts) files.set(name, await storage.readFile(`${directory}/${name}`));
  return { told: read(fields, path), files };
}

/**
 * The options of a training that goes on: those it was saved with, and perhaps more epochs.
 * @throws UsageError when an option was given anew with another value, or fewer epochs.
 */
export function continued<Options extends { readonly epochs: number }>(
  saved: Options,
  given: Partial<Options>,
  directory: string,
): Options {
  const { epochs = saved.epochs, ...others } = given;
  const changed = Object.entries(others).find(([name, value]) => saved[name as keyof Options] !== value);
  if (changed !== undefined) {
    const [name, value] = changed;
    const old = saved[name as keyof Options] ?? "not set";
    throw new UsageError(
      `${flagOf(name)} is ${value}, but the training in ${directory} has ${old}; leave the option out, or train anew ` +
        "without --resume",
    );
  }
  if (epochs < saved.epochs) {
    throw new UsageError(
      `--epochs is ${epochs}, but the training in ${directory} is to have ${saved.epochs}; expected at least as many`,
    );
  }
  return { ...saved, epochs };
}

/** JSON that a person can read, as bytes. */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

/** The names of the other files. What they hold is checked when the model is loaded. */
function partNames(manifest: Uint8Array, path: string): string[] {
  const files = objectOf(objectOf(parseStrictJson(manifest, path), path).get("files"), `${path}: files`);
  return [...files].map(([part, record]) => {
    const name = objectOf(record, `${path}: files.${part}`).get("name");
    // One segment, so that a name cannot lead out of the directory.
    if (typeof name !== "string" || !PART_NAME.test(name))
      throw new FormatError(`${path}: files.${part} has no proper name`);
    return name;
  });
}
