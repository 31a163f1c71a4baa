/**
 * Tensors in one file: eight bytes of header length, a JSON header, then the bytes of all tensors end to end.
 * Source: https://github.com/huggingface/safetensors, "Format".
 */
import { FormatError, ShapeError, ValueError } from "../core/errors.ts";
import { countsOf, objectOf, show, textOf } from "../core/json_check.ts";
import { checkArray, type NdArray } from "../core/nd_array.ts";
import {
  instanceOf,
  oneOf,
  positive,
  readOptions,
  readValue,
  type TableOf,
  text,
  withDefault,
} from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import { ownMemory } from "../core/own_memory.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import { floatToHalf, storedDType } from "./safetensors_dtypes.ts";
import { type JsonValue, parseStrictJson } from "./strict_json.ts";

/** What a file holds. */
export interface Safetensors {
  /** By name, in the order of their data; float dtypes as Float32Array, integers as Int32Array. */
  readonly tensors: Map<string, NdArray>;
  /** The file's `__metadata__`. */
  readonly metadata: Map<string, string>;
}

/** Bounds on what is read; a file beyond one is refused. */
export interface SafetensorsLimits {
  /** 16 MiB by default. */
  readonly maxHeaderBytes?: number;
  /** 100,000 by default. */
  readonly maxTensors?: number;
  /** 8 by default. */
  readonly maxRank?: number;
}

/** How tensors are written. */
export interface SafetensorsOptions {
  /**
   * Of a Float32Array: `F32`, which keeps every bit, or `F16`, half as large and good to three digits; F32 when absent.
   */
  readonly floats?: "F32" | "F16";
}

const WRITE = { floats: withDefault(oneOf(["F32", "F16"]), "F32") } satisfies TableOf<SafetensorsOptions>;

const READ = {
  maxHeaderBytes: withDefault(positive, 2 ** 24),
  maxTensors: withDefault(positive, 100_000),
  maxRank: withDefault(positive, 8),
} satisfies TableOf<SafetensorsLimits>;

/* @__NO_SIDE_EFFECTS__ */
const mapOf = (what: string) => instanceOf(`a Map of ${what} by name`, Map);

interface Placed {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const METADATA = "__metadata__";
const LENGTH_BYTES = 8;

/**
 * Writes tensors, F32 (or F16) for a Float32Array and I32 for an Int32Array, in the order of the Map. The same tensors,
 * metadata and options always make the same bytes.
 * @throws ShapeError when data does not fill its shape.
 * @throws ValueError when a tensor is called `__metadata__`, or holds a finite number that is too large for F16.
 *
 * @example
 * const bytes = writeSafetensors(new Map([["dense/bias", { shape: [1], data: new Float32Array([0.5]) }]]));
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, NdArray>,
  metadata: ReadonlyMap<string, string> = new Map(),
  options: SafetensorsOptions = {},
): Uint8Array<ArrayBuffer> {
  const { floats } = readOptions("writeSafetensors(tensors, metadata)", WRITE, options);
  readValue("writeSafetensors", "tensors", mapOf("arrays"), tensors);
  readValue("writeSafetensors", "metadata", mapOf("texts"), metadata);
  const header = new Map<string, JsonValue>();
  const parts: Uint8Array[] = [];
  if (metadata.size > 0) header.set(METADATA, Object.fromEntries(metadata));
  let end = 0;
  for (const [name, array] of tensors) {
    const { shape, data } = checkArray(array, `writeSafetensors: ${shown(name)}`);
    if (name === METADATA)
      throw new ValueError(`writeSafetensors: a tensor cannot be called ${METADATA}; the format reserves it`);
    if (sizeOf(shape) !== data.length) {
      throw new ShapeError(
        `writeSafetensors: ${name} has shape ${formatShape(shape)}, which holds ${sizeOf(shape)} elements, but ` +
          `data has ${data.length}`,
        { name, shape, length: data.length },
      );
    }
    const begin = end;
    const dtype = data instanceof Float32Array ? floats : "I32";
    const stored = dtype === "F16" ? halves(data as Float32Array, name) : data;
    parts.push(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    end += stored.byteLength;
    header.set(name, { dtype, shape, data_offsets: [begin, end] });
  }
  const json = new TextEncoder().encode(stringifyMap(header));
  // Spaces bring the data to a multiple of eight, as the format's own writer does, so that a reader may map it.
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + headerLength + end).fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerLength;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function halves(data: Float32Array, name: string): Uint16Array {
  return Uint16Array.from(data, (value) => {
    const half = floatToHalf(value);
    if ((half & 0x7fff) === 0x7c00 && Number.isFinite(value)) {
      throw new ValueError(`writeSafetensors: ${name} holds ${value}; F16 ends at 65504: write the tensors as F32`, {
        name,
        value,
      });
    }
    return half;
  });
}

/**
 * Reads tensors; everything is checked before the first is made.
 * @throws FormatError when the file is cut short, damaged, of another kind, or beyond a limit; ValueError for what is
 * no bytes.
 *
 * @example
 * const { tensors } = readSafetensors(bytes, "weights.safetensors");
 * tensors.get("dense/bias")?.shape; // [1]
 */
export function readSafetensors(file: Uint8Array, name = "safetensors", limits: SafetensorsLimits = {}): Safetensors {
  readValue("readSafetensors", "name", text, name);
  const { maxHeaderBytes, maxTensors, maxRank } = readOptions("readSafetensors(bytes, name)", READ, limits);
  if (!(file instanceof Uint8Array)) {
    throw new ValueError(`${name}: got ${shown(file)}; expected the file's bytes, a Uint8Array: read the file first`);
  }
  const bytes = ownMemory(file, name);
  const dataStart = LENGTH_BYTES + headerLengthOf(bytes, name, maxHeaderBytes);
  const json = bytes.subarray(LENGTH_BYTES, dataStart);
  if (json[0] !== 0x7b)
    throw new FormatError(`${name}: expected the header to start with "{"; it is not a safetensors file`);
  const header = objectOf(parseStrictJson(json, `${name}: header`), `${name}: header`);
  const metadata = new Map<string, string>();
  if (header.has(METADATA)) {
    for (const [key, value] of objectOf(header.get(METADATA), `${name}: ${METADATA}`)) {
      metadata.set(key, textOf(value, `${name}: ${METADATA}.${key}`));
    }
    header.delete(METADATA);
  }
  if (header.size > maxTensors) {
    throw new FormatError(`${name}: ${header.size} tensors; expected at most maxTensors, ${maxTensors}`, {
      maxTensors,
    });
  }
  const placed = Array.from(header, ([key, value]) => placeOf(key, value, name, maxRank));
  const tensors = new Map<string, NdArray>();
  for (const { name: key, dtype, shape, begin, end } of contiguous(placed, bytes.length - dataStart, name)) {
    // A copy: the file's bytes need not be aligned, and should not be kept alive by one tensor.
    const own = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end));
    tensors.set(key, { shape, data: storedDType(dtype, `${name}: ${key}`).read(own, `${name}: ${key}`) });
  }
  return { tensors, metadata };
}

function headerLengthOf(bytes: Uint8Array, name: string, maxHeaderBytes: number): number {
  if (bytes.length < LENGTH_BYTES + 2) {
    throw new FormatError(
      `${name}: expected a safetensors header, got ${bytes.length} bytes; the file is cut short: get it again`,
      {
        length: bytes.length,
      },
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw new FormatError(
      `${name}: the header claims ${length} bytes; expected at most maxHeaderBytes, ${maxHeaderBytes}; it is ` +
        "damaged or not a safetensors file",
      { headerBytes: String(length), maxHeaderBytes },
    );
  }
  if (Number(length) > bytes.length - LENGTH_BYTES) {
    throw new FormatError(
      `${name}: the header claims ${length} bytes, but only ${bytes.length - LENGTH_BYTES} follow; the file is ` +
        "cut short: get it again",
      { headerBytes: Number(length), length: bytes.length },
    );
  }
  return Number(length);
}

function placeOf(name: string, value: JsonValue, file: string, maxRank: number): Placed {
  const what = `${file}: ${name.slice(0, 100)}`;
  const fields = objectOf(value, what);
  for (const key of fields.keys()) {
    if (!["dtype", "shape", "data_offsets"].includes(key)) throw new FormatError(`${what}: unknown field ${show(key)}`);
  }
  const dtype = textOf(fields.get("dtype"), `${what}: dtype`);
  const shape = countsOf(fields.get("shape"), `${what}: shape`, maxRank);
  const offsets = countsOf(fields.get("data_offsets"), `${what}: data_offsets`, 2);
  const [begin, end] = offsets;
  const wanted = sizeOf(shape) * storedDType(dtype, what).itemBytes;
  if (begin === undefined || end === undefined || end - begin !== wanted || !Number.isSafeInteger(wanted)) {
    throw new FormatError(
      `${what}: shape ${formatShape(shape)} of ${dtype} takes ${wanted} bytes, but data_offsets are ` +
        `${show(offsets)}; the file is damaged: get it again`,
      { shape, dtype, offsets },
    );
  }
  return { name, dtype, shape, begin, end };
}

/**
 * The tensors in the order of their data, which they must cover exactly: no gap, no overlap, nothing after the last.
 */
function contiguous(placed: readonly Placed[], dataBytes: number, name: string): readonly Placed[] {
  const ordered = [...placed].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name: key, begin, end } of ordered) {
    if (begin !== at) {
      throw new FormatError(
        `${name}: ${key.slice(0, 100)} starts at byte ${begin} of the data; expected ${at}, where the one before ends`,
        {
          begin,
          expected: at,
        },
      );
    }
    at = end;
  }
  if (at === dataBytes) return ordered;
  const problem = at > dataBytes ? "the file is cut short" : "the file has bytes that no tensor claims";
  throw new FormatError(
    `${name}: tensors take ${at} bytes, but ${dataBytes} follow the header; ${problem}: get it again`,
    {
      expected: at,
      dataBytes,
    },
  );
}

/** Not through an object, which would put names that look like numbers first. */
function stringifyMap(map: ReadonlyMap<string, JsonValue>): string {
  return `{${Array.from(map, ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
}
