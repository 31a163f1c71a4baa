/** The directory that a training run is saved in: a model whose `model.json` also holds the run's settings. */
import { FormatError } from "../core/errors.ts";
import { objectOf } from "../core/json_check.ts";
import type { ModelFiles } from "../index.ts";
import { readModelDirectory, writeModelDirectory } from "../io/model_directory.ts";
import { MANIFEST_NAME, packModel, unpackModel } from "../io/model_file.ts";
import { type JsonValue, parseStrictJson } from "../io/strict_json.ts";
import type { FileSystem } from "../platform/file_interface.ts";
import { flagOf } from "./option_checks.ts";
import type { TaskName } from "./training_tasks.ts";
import { UsageError } from "./usage_error.ts";

/** The file in which earlier versions stored the settings. */
const RUN_NAME = "run.json";
const FORMAT = "sluice-run";
const MAX_RUN_BYTES = 2 ** 16;

/** How a command saves its runs: the name of its task, and how to read its settings. */
export interface RunKind<Settings> {
  readonly task: TaskName;
  /** Reads the settings from their fields in `model.json`. @throws FormatError when they are damaged. */
  readonly read: (fields: ReadonlyMap<string, JsonValue>, path: string) => Settings;
}

/** A saved run. */
export interface SavedRun<Settings> {
  readonly settings: Settings;
  readonly files: ModelFiles;
}

/** Saves the settings and the model together: after a crash, or several saves at once, both are of the same run. */
export async function writeRun<Settings extends object>(
  storage: FileSystem,
  directory: string,
  task: TaskName,
  { settings, files }: SavedRun<Settings>,
): Promise<void> {
  const run = { format: FORMAT, formatVersion: 1, task, ...settings };
  await writeModelDirectory(storage, directory, { ...(await unpackModel(files)), run: jsonOf(run) });
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
  const path = `${directory}/${MANIFEST_NAME}`;
  if (!(await storage.exists(path))) {
    throw new UsageError(
      `--resume ${directory}: there is no ${MANIFEST_NAME}; expected a directory that \`sluice ${task}\` saved to`,
    );
  }
  const model = await readModelDirectory(storage, directory);
  const run = model.run ?? (await readRunFile(storage, directory, task));
  const fields = objectOf(run, path);
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
  return { settings: read(fields, path), files: await packModel(model) };
}

/**
 * Reads the settings of a run that an earlier version saved in a separate file.
 * @throws UsageError when there are none.
 */
async function readRunFile(storage: FileSystem, directory: string, task: TaskName): Promise<JsonValue> {
  const path = `${directory}/${RUN_NAME}`;
  if (await storage.exists(path)) {
    return parseStrictJson(await storage.readFile(path, { maxBytes: MAX_RUN_BYTES }), path);
  }
  throw new UsageError(
    `--resume ${directory}: its ${MANIFEST_NAME} contains no training settings; expected a directory that ` +
      `\`sluice ${task}\` saved to`,
  );
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

/** Converts a value to JSON and back. */
function jsonOf(value: unknown): JsonValue {
  return parseStrictJson(encodeJson(value), "the run");
}
