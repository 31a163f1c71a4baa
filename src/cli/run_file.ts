/** What `sluice train` keeps in a directory: the model's files, and `run.json` with the options that made it. */
import { FormatError } from "../core/errors.ts";
import type { ModelFiles } from "../index.ts";
import { objectOf } from "../io/json_check.ts";
import { MANIFEST_NAME, unpackModel, writeModelDirectory } from "../io/model_file.ts";
import { parseStrictJson } from "../io/strict_json.ts";
import type { FileSystem } from "../platform/file_system.ts";
import { completeOptions, type DataName, PRESETS, type TrainOptions } from "./train_options.ts";
import { UsageError } from "./usage_error.ts";

const RUN_NAME = "run.json";
const FORMAT = "sluice-run";
const MAX_RUN_BYTES = 2 ** 16;
const PART_NAME = /^[\w-]+\.safetensors$/;

/** A run as it was saved. */
export interface SavedRun {
  readonly options: TrainOptions;
  readonly files: ModelFiles;
}

/** Saves the options and the model. A crash leaves a whole model, the old or the new one. */
export async function writeRun(storage: FileSystem, directory: string, { options, files }: SavedRun): Promise<void> {
  const run = { format: FORMAT, formatVersion: 1, options };
  await storage.makeDirectory(directory);
  await storage.writeFileAtomic(`${directory}/${RUN_NAME}`, encodeJson(run));
  await writeModelDirectory(storage, directory, await unpackModel(files));
}

/**
 * Reads what `writeRun` saved.
 * @throws UsageError when there is none.
 * @throws FormatError when it is damaged.
 */
export async function readRun(storage: FileSystem, directory: string): Promise<SavedRun> {
  const path = `${directory}/${RUN_NAME}`;
  if (!(await storage.exists(path))) {
    throw new UsageError(
      `--resume ${directory}: there is no ${RUN_NAME}; expected a directory that \`sluice train\` saved to`,
    );
  }
  const options = optionsOf(await storage.readFile(path, { maxBytes: MAX_RUN_BYTES }), path);
  const manifest = await storage.readFile(`${directory}/${MANIFEST_NAME}`);
  const parts = partNames(manifest, `${directory}/${MANIFEST_NAME}`);
  const files = new Map([[MANIFEST_NAME, manifest]]);
  for (const name of parts) files.set(name, await storage.readFile(`${directory}/${name}`));
  return { options, files };
}

/** JSON that a person can read, as bytes. */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

function optionsOf(bytes: Uint8Array, path: string): TrainOptions {
  const fields = objectOf(parseStrictJson(bytes, path), path);
  if (fields.get("format") !== FORMAT || fields.get("formatVersion") !== 1) {
    throw new FormatError(
      `${path}: expected a "${FORMAT}" of version 1; it was saved by another program or another Sluice`,
    );
  }
  const options = objectOf(fields.get("options"), `${path}: options`);
  const data = options.get("data");
  if (data !== "sentences" && data !== "imdb") throw new FormatError(`${path}: options.data is not a known data set`);
  const numbers = [...Object.keys(PRESETS[data satisfies DataName]), "seed", "limit"].flatMap((name) => {
    const value = options.get(name);
    if (typeof value === "number") return [[name, value]];
    if (name === "limit" && value === undefined) return [];
    throw new FormatError(`${path}: options.${name} is not a number; the file is damaged`);
  });
  return completeOptions({ data, ...(Object.fromEntries(numbers) as Partial<TrainOptions>) });
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
