/**
 * A saved index: one file, little-endian.
 *
 * | bytes | what |
 * |---|---|
 * | 8 | `SLUICEVI` |
 * | 4 | version, 1 |
 * | 4 | H, the header's length, a multiple of 4 |
 * | H | the header, JSON: dimension, metric, storage, ids, and metadata as `[]` or `[value]` for each id |
 * | 4 · ids · dimension | the vectors, float32 |
 * | 32 | SHA-256 of all before |
 */
import { FormatError, ValueError } from "../core/errors.ts";
import { countOf, objectOf, show, textOf } from "../core/json_check.ts";
import { sha256Hex } from "../io/sha256.ts";
import { faultOfJson, type JsonValue, parseStrictJson } from "../io/strict_json.ts";
import type { Source } from "../platform/open_source.ts";
import { readSource } from "../platform/read_source.ts";
import type { VectorId } from "./host_rows.ts";
import type { VectorStorage } from "./score_bounds.ts";
import type { Metric } from "./similarity.ts";

const MAGIC = "SLUICEVI";
const VERSION = 1;
const HEAD_BYTES = 16;
const HASH_BYTES = 32;
const FLOAT_BYTES = 4;
const MAX_BYTES = 2 ** 32;
const FILE_NAME = "vectors.index";

/** The contents of an index file. Metric and storage are unvalidated; the VectorIndex constructor checks them. */
export interface IndexFile {
  readonly dimension: number;
  readonly metric: Metric;
  readonly storage: VectorStorage;
  readonly ids: readonly VectorId[];
  readonly metadata: readonly unknown[];
  readonly vectors: Float32Array;
}

/** Creates the file's bytes. @throws ValueError if metadata is not JSON. */
export async function packIndex({ vectors, ids, metadata, ...options }: IndexFile): Promise<Uint8Array> {
  const values = metadata.map((value, at) => (value === undefined ? [] : [checkJson(value, ids[at] as VectorId)]));
  const text = new TextEncoder().encode(JSON.stringify({ ...options, ids, metadata: values }));
  const headerBytes = Math.ceil(text.length / 4) * 4;
  const bytes = new Uint8Array(HEAD_BYTES + headerBytes + vectors.byteLength + HASH_BYTES);
  bytes.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(bytes.buffer);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, headerBytes, true);
  bytes.fill(0x20, HEAD_BYTES, HEAD_BYTES + headerBytes);
  bytes.set(text, HEAD_BYTES);
  new Float32Array(bytes.buffer, HEAD_BYTES + headerBytes, vectors.length).set(vectors);
  const end = bytes.length - HASH_BYTES;
  bytes.set(bytesOfHex(await sha256Hex(bytes.subarray(0, end))), end);
  return bytes;
}

/** Returns the file by name, for a save in a browser. */
export function writeIndexFile(bytes: Uint8Array): Map<string, Uint8Array> {
  return new Map([[FILE_NAME, bytes]]);
}

/** Reads an index from any source. @throws FormatError, FileError */
export async function readIndexSource(
  source: Source | ReadonlyMap<string, Uint8Array>,
  maxBytes = MAX_BYTES,
): Promise<IndexFile> {
  if (source instanceof Map) {
    const bytes: unknown = source.get(FILE_NAME);
    if (bytes instanceof Uint8Array) return unpackIndex(bytes);
    throw new FormatError(
      `the save holds ${show([...source.keys()])}; expected ${FILE_NAME}: it is not a saved VectorIndex`,
    );
  }
  const { name, bytes } = await readSource(source as Source, maxBytes);
  return unpackIndex(bytes, name);
}

/**
 * Reads and validates the bytes. @throws FormatError if they are not an index, or are truncated, damaged or of a newer
 * version.
 */
export async function unpackIndex(bytes: Uint8Array, name = "the bytes"): Promise<IndexFile> {
  const fail = (reason: string): never => {
    throw new FormatError(`${name}: ${reason}`, { name });
  };
  const magic = new TextDecoder().decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) fail(`begins with ${show(magic)}; expected ${MAGIC}: it is not a saved VectorIndex`);
  if (bytes.length < HEAD_BYTES + HASH_BYTES) fail(`has ${bytes.length} bytes: it is cut short`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (version !== VERSION) fail(`is of version ${version}; this Sluice reads version ${VERSION}: use a newer one`);
  const headerBytes = view.getUint32(12, true);
  const end = bytes.length - HASH_BYTES;
  if (headerBytes % 4 !== 0 || headerBytes > end - HEAD_BYTES) {
    fail(`its header claims ${headerBytes} bytes, but only ${end - HEAD_BYTES} follow: it is cut short or damaged`);
  }
  const wanted = await sha256Hex(bytes.subarray(0, end));
  const hash = hexOfBytes(bytes.subarray(end));
  if (hash !== wanted) fail("its SHA-256 does not match: it is cut short or damaged; get it again");
  const start = HEAD_BYTES + headerBytes;
  const header = objectOf(
    parseStrictJson(bytes.subarray(HEAD_BYTES, start), `${name}: the header`),
    `${name}: the header`,
  );
  const dimension = countOf(header.get("dimension"), `${name}: dimension`);
  const ids = listOf(header.get("ids"), `${name}: ids`) as readonly VectorId[];
  const metadata = listOf(header.get("metadata"), `${name}: metadata`);
  if (metadata.length !== ids.length)
    fail(`has ${ids.length} ids and metadata for ${metadata.length}; expected equal numbers`);
  if (end - start !== ids.length * dimension * FLOAT_BYTES) {
    fail(`has ${end - start} bytes of vectors; expected ${ids.length} x ${dimension} float32`);
  }
  return {
    dimension,
    metric: textOf(header.get("metric"), `${name}: metric`) as Metric,
    storage: textOf(header.get("storage"), `${name}: storage`) as VectorStorage,
    ids,
    metadata: metadata.map((entry) => listOf(entry, `${name}: metadata`)[0]),
    vectors: new Float32Array(bytes.slice(start, end).buffer),
  };
}

function listOf(value: JsonValue | undefined, what: string): readonly JsonValue[] {
  if (Array.isArray(value)) return value;
  throw new FormatError(`${what}: expected a list, got ${show(value)}`);
}

/** @throws ValueError unless JSON restores the value unchanged. */
function checkJson(value: unknown, id: VectorId): unknown {
  const fault = faultOfJson(value);
  if (fault === undefined) return value;
  throw new ValueError(
    `VectorIndex: the metadata of ${show(id)} is not JSON: ${fault}; expected null, booleans, finite numbers, ` +
      "strings, arrays and plain objects",
    { id },
  );
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}

function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
