/** The directory that a training run is saved in: the model's files, and `run.json` with the run's settings. */
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

/** How a command saves its runs: the name of its task, and how to read its settings. */
export interface RunKind<Settings> {
  readonly task: TaskName;
  /** Reads the settings from the fields of `run.json`. @throws FormatError when they are damaged. */
  readonly read: (fields: ReadonlyMap<string, JsonValue>, path: string) => Settings;
}

/** A saved run. */
export interface SavedRun<Settings> {
  readonly settings: Settings;
  readonly files: ModelFiles;
}

/** Saves the settings and the model. A crash leaves a complete model, the old or the new one. */
export async function writeRun<Settings extends object>(
  storage: FileSystem,
  directory: string,
  task: TaskName,
  { settings, files }: SavedRun<Settings>,
): Promise<void> {
  const run = { format: FORMAT, formatVersion: 1, task, ...settings };
  await storage.makeDirectory(directory);
  await storage.writeFileAtomic(`${directory}/${RUN_NAME}`, encodeJson(run));
  await writeModelDirectory(storage, directory, await unpackModel(files));
}

/**
 * Reads what `writeRun` saved.
 * @throws UsageError when there is no run, or another command saved it.
 * @throws FormatError when it is damaged.
 */
export async function readRun<Settings>(
  storage: FileSystem,
  directory: string,
  { task, read }: RunKind<Settings>,
): Promise<SavedRun<Settings>> {
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
  // Old runs of `sluice train` have no task.
  const saved = fields.get("task") ?? "train";
  if (saved !== task) {
    throw new UsageError(`--resume ${directory}: \`sluice ${saved}\` saved it; resume it with that command`);
  }
  const manifest = await storage.readFile(`${directory}/${MANIFEST_NAME}`);
  const parts = partNames(manifest, `${directory}/${MANIFEST_NAME}`);
  const files = new Map([[MANIFEST_NAME, manifest]]);
  for (const name of parts) files.set(name, await storage.readFile(`${directory}/${name}`));
  return { settings: read(fields, path), files };
}

/**
 * The options of a resumed training run: the saved ones, with possibly more epochs.
 * @throws UsageError when an option was given with another value, or fewer epochs.
 */
export function resumedOptions<Options extends { readonly epochs: number }>(
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
      `${flagOf(name)} is ${value}, but the training run in ${directory} has ${old}; omit the option, or start a ` +
        "without --resume",
    );
  }
  if (epochs < saved.epochs) {
    throw new UsageError(
      `--epochs is ${epochs}, but the training run in ${directory} has ${saved.epochs}; expected at least as many`,
    );
  }
  return { ...saved, epochs };
}

/** Formatted JSON, as bytes. */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

/** The names of the other files. Their contents are checked when the model is loaded. */
function partNames(manifest: Uint8Array, path: string): string[] {
  const files = objectOf(objectOf(parseStrictJson(manifest, path), path).get("files"), `${path}: files`);
  return [...files].map(([part, record]) => {
    const name = objectOf(record, `${path}: files.${part}`).get("name");
    // A single path segment, so that a name cannot lead out of the directory.
    if (typeof name !== "string" || !PART_NAME.test(name))
      throw new FormatError(`${path}: files.${part} is not a valid file name`);
    return name;
  });
}
