/**
 * A saved model as files: `model.json` names the others, their lengths and SHA-256. `model_directory.ts` puts them on a
 * disk.
 */
import { FormatError, SluiceError } from "../core/errors.ts";
import { countOf, objectOf, show, textOf } from "../core/json_check.ts";
import { ownMemory } from "../core/own_memory.ts";
import { readAddress } from "../platform/read_source.ts";
import { sha256Hex } from "./sha256.ts";
import { type JsonValue, parseStrictJson } from "./strict_json.ts";

/** JSON that users save with a model, by name. */
export type Metadata = Readonly<Record<string, JsonValue>>;

/** The contents of a saved model. The JSON parts are opaque here; the modules that write them validate them. */
export interface SavedModel {
  /** Layers and their options. */
  readonly architecture: JsonValue;
  /** The text encoder, if any. */
  readonly encoder?: JsonValue | undefined;
  /** The user's metadata, such as label names. */
  readonly metadata?: Metadata | undefined;
  /** The training state, if saved: optimizer options, seed, position, counters. */
  readonly training?: JsonValue | undefined;
  /** The command line's options when it trained the model. */
  readonly run?: JsonValue | undefined;
  /** Weights as safetensors. */
  readonly weights: Uint8Array;
  /** Optimizer state as safetensors. */
  readonly optimizer?: Uint8Array | undefined;
  /** The plan for prediction without the engine, as JSON. */
  readonly plan?: Uint8Array | undefined;
}

/** The name of the file that names the others. */
export const MANIFEST_NAME = "model.json";

const FORMAT = "sluice-model";
/** The version that is written. Version 1, which supported only sequential models, is still read. */
const VERSION = 2;
const OLDEST_VERSION = 1;
/** The maximum size of `model.json`. */
export const MAX_MANIFEST_BYTES = 2 ** 26;
/** "<", the first byte of the HTML page that many servers return for a missing path. */
const OPENING_BRACKET = 0x3c;
/** Matches the names of parts anywhere in a string. */
export const PART_NAMES = /(weights|optimizer)-[0-9a-f]{16}\.safetensors|plan-[0-9a-f]{16}\.json/g;
const PARTS = ["weights", "optimizer", "plan"] as const;
const ENDINGS = { weights: "safetensors", optimizer: "safetensors", plan: "json" } as const;

/** A file of a saved model other than `model.json`. */
export type ModelPart = (typeof PARTS)[number];

/** The parts that `loadModel` needs. */
const OF_MODEL: readonly ModelPart[] = ["weights", "optimizer"];

interface PartRecord {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface Manifest {
  readonly architecture: JsonValue;
  readonly encoder: JsonValue | undefined;
  readonly metadata: Metadata | undefined;
  readonly training: JsonValue | undefined;
  readonly run: JsonValue | undefined;
  readonly parts: ReadonlyMap<ModelPart, PartRecord>;
}

/**
 * Packs a model into named files, `model.json` last. The names of the others contain the start of their SHA-256.
 * @param unique eight hexadecimal digits that replace the last eight of the hash, so that no other save uses the same
 * names
 *
 * @example
 * const files = await packModel({ architecture, weights: writeSafetensors(tensors) });
 * [...files.keys()]; // ["weights-3b6f….safetensors", "model.json"]
 */
export async function packModel(model: SavedModel, unique = ""): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const records: Record<string, JsonValue> = {};
  for (const part of PARTS) {
    const bytes = model[part];
    if (bytes === undefined) continue;
    const sha256 = await sha256Hex(bytes);
    const name = `${part}-${sha256.slice(0, 16 - unique.length)}${unique}.${ENDINGS[part]}`;
    files.set(name, bytes);
    records[part] = { name, bytes: bytes.length, sha256 };
  }
  const manifest = {
    format: FORMAT,
    formatVersion: VERSION,
    files: records,
    architecture: model.architecture,
    ...(model.training !== undefined && { training: model.training }),
    ...(model.encoder !== undefined && { encoder: model.encoder }),
    ...(Object.keys(model.metadata ?? {}).length > 0 && { metadata: model.metadata }),
    ...(model.run !== undefined && { run: model.run }),
  };
  files.set(MANIFEST_NAME, new TextEncoder().encode(`${JSON.stringify(manifest)}\n`));
  return files;
}

/**
 * Unpacks a model from named files and checks them against `model.json`. Only existing `wanted` parts are read.
 * @throws FormatError if a file is missing, truncated, damaged, not Sluice's, or of a newer version.
 *
 * @example
 * const { weights } = await unpackModel(files);
 */
export async function unpackModel(
  files: ReadonlyMap<string, Uint8Array>,
  wanted: readonly ModelPart[] = OF_MODEL,
): Promise<SavedModel> {
  const read: ReadPart = async (name) => {
    const bytes = files.get(name);
    if (bytes) return ownMemory(bytes, name);
    throw new FormatError(
      `${name} is missing; expected it among ${[...files.keys()].map(show).join(", ") || "no files"}`,
      { name },
    );
  };
  return assembleModel(read, wanted);
}

/**
 * Reads a model from a directory, given its path (Node, Deno) or URL (also a relative one in a page).
 * @throws FormatError as `readModelDirectory`; FileError if a file cannot be read.
 */
export async function fetchModel(place: string | URL, wanted: readonly ModelPart[] = OF_MODEL): Promise<SavedModel> {
  const directory = String(place);
  const read: ReadPart = (name, maxBytes, isAgain) =>
    readAddress(joinName(directory, name), maxBytes, isAgain ? { cache: "reload" } : {});
  return assembleModel(read, wanted, `${directory}: `);
}

/** Reads one of a save's files; `isAgain` is true on a retry, because the file may have changed. */
type ReadPart = (name: string, maxBytes: number, isAgain?: boolean) => Promise<Uint8Array>;

/** The maximum number of retries when the save is replaced while it is being read. */
const MAX_ATTEMPTS = 1_000;

/** Reads a model using `read`. If the save is replaced meanwhile, the new one is read instead. */
export async function assembleModel(
  read: ReadPart,
  wanted: readonly ModelPart[] = OF_MODEL,
  prefix = "",
): Promise<SavedModel> {
  let manifest = await read(MANIFEST_NAME, MAX_MANIFEST_BYTES);
  for (let attempt = 1; ; attempt++) {
    try {
      return await assembleFrom(manifest, read, wanted, prefix);
    } catch (error) {
      const present = await read(MANIFEST_NAME, MAX_MANIFEST_BYTES, true).catch(() => manifest);
      if (attempt === MAX_ATTEMPTS || isSame(present, manifest)) throw error;
      manifest = present;
    }
  }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a === b || (a.length === b.length && a.every((byte, index) => byte === b[index]));

async function assembleFrom(
  manifest: Uint8Array,
  read: ReadPart,
  wanted: readonly ModelPart[],
  prefix: string,
): Promise<SavedModel> {
  const what = `${prefix}${MANIFEST_NAME}`;
  const { parts, ...json } = readManifest(manifest, what);
  const content = new Map<string, Uint8Array>();
  for (const [part, record] of parts) {
    if (!wanted.includes(part)) continue;
    const bytes = await read(record.name, record.bytes);
    await checkPart(bytes, record, `${prefix}${record.name}`);
    content.set(part, bytes);
  }
  const weights = content.get("weights");
  if (weights === undefined) throw new FormatError(`${what}: names no weights file; the file is damaged`);
  const plan = content.get("plan");
  return { ...json, weights, optimizer: content.get("optimizer"), ...(plan && { plan }) };
}

/** Whether a name is the name of a part. */
export const isPartName = (name: string): boolean => name.match(PART_NAMES)?.[0] === name;

function readManifest(bytes: Uint8Array, what: string): Manifest {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new FormatError(`${what} has ${bytes.length} bytes; expected at most ${MAX_MANIFEST_BYTES}`);
  }
  if (bytes[0] === OPENING_BRACKET) {
    throw new FormatError(`${what}: got a page (HTML) instead of JSON; is the path right?`);
  }
  const fields = objectOf(parseStrictJson(bytes, what), what);
  if (fields.get("format") !== FORMAT) {
    throw new FormatError(
      `${what}: format is ${show(fields.get("format"))}; expected "${FORMAT}": it was not saved by Sluice`,
      { format: fields.get("format") },
    );
  }
  const version = countOf(fields.get("formatVersion"), `${what}: formatVersion`);
  if (version < OLDEST_VERSION || version > VERSION) {
    throw new FormatError(
      `${what}: format version ${version}; this Sluice reads versions ${OLDEST_VERSION} to ${VERSION}: use the ` +
        "Sluice that saved it, or a newer one",
      {
        version,
        supported: VERSION,
      },
    );
  }
  const architecture = fields.get("architecture");
  if (architecture === undefined) throw new FormatError(`${what}: has no architecture; the file is damaged`);
  const metadata = fields.get("metadata");
  const files = objectOf(fields.get("files"), `${what}: files`);
  const parts = new Map<ModelPart, PartRecord>();
  for (const part of PARTS) {
    const record = files.get(part);
    if (record !== undefined) parts.set(part, readRecord(part, record, `${what}: files.${part}`));
  }
  return {
    architecture,
    encoder: fields.get("encoder"),
    metadata: metadata === undefined ? metadata : Object.fromEntries(objectOf(metadata, `${what}: metadata`)),
    training: fields.get("training"),
    run: fields.get("run"),
    parts,
  };
}

function readRecord(part: ModelPart, value: JsonValue, what: string): PartRecord {
  const fields = objectOf(value, what);
  const name = textOf(fields.get("name"), `${what}.name`);
  const sha256 = textOf(fields.get("sha256"), `${what}.sha256`);
  // The pattern prevents path traversal out of the directory.
  if (!isPartName(name) || !name.startsWith(part)) {
    throw new FormatError(
      `${what}: name is ${show(name)}; expected ${part}-HASH.${ENDINGS[part]} in the same directory`,
      {
        name,
      },
    );
  }
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new FormatError(`${what}: sha256 is ${show(sha256)}; expected 64 hex digits`);
  return { name, bytes: countOf(fields.get("bytes"), `${what}.bytes`), sha256 };
}

async function checkPart(bytes: Uint8Array, record: PartRecord, what: string): Promise<void> {
  if (bytes.length !== record.bytes) {
    throw new FormatError(
      `${what} has ${bytes.length} bytes; expected ${record.bytes}, as ${MANIFEST_NAME} says; it was cut short ` +
        "or replaced: get the model again",
      { length: bytes.length, expected: record.bytes },
    );
  }
  const sha256 = await sha256Hex(bytes);
  if (sha256 !== record.sha256) {
    throw new FormatError(
      `${what}: SHA-256 is ${sha256}; expected ${record.sha256}; the file is damaged: get the model again`,
      {
        sha256,
        expected: record.sha256,
      },
    );
  }
}

/** The path or URL of a save's file; `name` is a single path segment. */
export function joinName(directory: string, name: string): string {
  if (directory === "")
    throw new SluiceError("a model's directory has an empty name; expected a path, such as runs/first");
  return directory.endsWith("/") ? `${directory}${name}` : `${directory}/${name}`;
}
