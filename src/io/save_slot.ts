/**
 * One slot of a browser save: a directory with the save's numbered files, and a manifest that is written last. A slot
 * whose manifest is missing, truncated or inconsistent with its files counts as empty.
 */
import { FormatError } from "../core/errors.ts";
import { countOf, objectOf, show, textOf } from "../core/json_check.ts";
import {
  type PrivateDirectory,
  privateDirectory,
  readPrivateFile,
  removePrivate,
  writePrivateFile,
} from "../platform/origin_private_files.ts";
import { sha256Hex } from "./sha256.ts";
import { parseStrictJson } from "./strict_json.ts";

const MANIFEST = "manifest";
const FORMAT = "sluice-save";
const VERSION = 1;
const MAX_MANIFEST_BYTES = 2 ** 20;
const MAX_FILES = 1_000;
const DIGITS = 64;

/** The fields that the manifests of all versions have. */
export interface SlotHead {
  readonly version: number;
  /** The newer of two slots has the higher one. */
  readonly generation: number;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  /** The size of all files together. */
  readonly bytes: number;
}

interface SlotFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A slot with a complete manifest; its files may still be damaged. */
export interface Slot {
  readonly directory: PrivateDirectory;
  readonly head: SlotHead;
  /** Empty if the slot is of a newer version. */
  readonly files: readonly SlotFile[];
}

/**
 * Writes a slot. Its old contents are deleted first, starting with the manifest.
 * @returns the manifest's head.
 */
export async function writeSlot(
  parent: PrivateDirectory,
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
  generation: number,
): Promise<SlotHead> {
  await clearSlot(parent, name);
  const directory = await parent.getDirectoryHandle(name, { create: true });
  const records: SlotFile[] = [];
  let bytes = 0;
  for (const [file, content] of files) {
    // Hashed before writing, so that a change of the array during the save is detected when the slot is read.
    records.push({ name: file, bytes: content.length, sha256: await sha256Hex(content) });
    await writePrivateFile(directory, String(records.length - 1), content);
    bytes += content.length;
  }
  const head = { version: VERSION, generation, savedAt: Date.now(), bytes };
  const { version: formatVersion, ...rest } = head;
  const json = encode(JSON.stringify({ format: FORMAT, formatVersion, ...rest, files: records }));
  // Preceded by its own SHA-256, so that a truncated manifest is detected.
  await writePrivateFile(directory, MANIFEST, new Uint8Array([...encode(await sha256Hex(json)), ...json]));
  return head;
}

/** Empties a slot. */
export async function clearSlot(parent: PrivateDirectory, name: string): Promise<void> {
  const directory = await privateDirectory(parent, name);
  if (directory === undefined) return;
  await removePrivate(directory, MANIFEST);
  await removePrivate(parent, name);
}

/**
 * Reads a slot's manifest.
 * @returns undefined if the slot is empty.
 * @throws FormatError if the manifest is complete but not Sluice's.
 */
export async function readSlot(parent: PrivateDirectory, name: string, what: string): Promise<Slot | undefined> {
  const directory = await privateDirectory(parent, name);
  const bytes = directory && (await readPrivateFile(directory, MANIFEST, MAX_MANIFEST_BYTES));
  if (directory === undefined || bytes === undefined) return undefined;
  const json = bytes.subarray(DIGITS);
  if (new TextDecoder().decode(bytes.subarray(0, DIGITS)) !== (await sha256Hex(json))) return undefined;
  const fields = objectOf(parseStrictJson(json, what), what);
  if (fields.get("format") !== FORMAT) {
    throw new FormatError(`${what}: format is ${show(fields.get("format"))}; expected "${FORMAT}": remove the save`);
  }
  const count = (field: string) => countOf(fields.get(field), `${what}: ${field}`);
  const version = count("formatVersion");
  const head = { version, generation: count("generation"), savedAt: count("savedAt"), bytes: count("bytes") };
  if (version > VERSION) return { directory, head, files: [] };
  const list = fields.get("files");
  if (!Array.isArray(list) || list.length > MAX_FILES) {
    throw new FormatError(
      `${what}: files is ${show(list)}; expected an array of at most ${MAX_FILES}: remove the save`,
    );
  }
  const files = list.map((item, index) => {
    const at = `${what}: files[${index}]`;
    const record = objectOf(item, at);
    const text = (field: string) => textOf(record.get(field), `${at}.${field}`);
    return { name: text("name"), bytes: countOf(record.get("bytes"), `${at}.bytes`), sha256: text("sha256") };
  });
  return { directory, head, files };
}

/**
 * Checks a slot's files against its manifest one by one, and passes each valid one to `take`.
 * @returns the problem of the first invalid one, or undefined if all are valid.
 * @throws FormatError if the slot is of a newer version.
 */
export async function readSlotFiles(
  { directory, head, files }: Slot,
  what: string,
  take: (name: string, bytes: Uint8Array) => void = () => undefined,
): Promise<string | undefined> {
  checkVersion(head, what);
  for (const [index, { name, bytes, sha256 }] of files.entries()) {
    const content = await readPrivateFile(directory, String(index), bytes);
    if (content === undefined || content.length !== bytes) return `${name} is not the ${bytes} bytes that were saved`;
    if ((await sha256Hex(content)) !== sha256) return `${name} has another SHA-256 than when it was saved`;
    take(name, content);
  }
  return undefined;
}

function checkVersion({ version }: SlotHead, what: string): void {
  if (version <= VERSION) return;
  throw new FormatError(
    `${what}: save format version ${version}; this Sluice reads version ${VERSION}: use the Sluice that saved ` +
      "it, or a newer one, or remove the save",
    { version, supported: VERSION },
  );
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
