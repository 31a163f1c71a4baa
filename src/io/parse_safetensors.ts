/**
 * Reads the bytes of a safetensors file.
 * Source: https://github.com/huggingface/safetensors, "Format".
 */
import { FormatError } from "../core/errors.ts";
import { countsOf, objectOf, show, textOf } from "../core/json_check.ts";
import type { NdArray } from "../core/nd_array.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import { storedDType } from "./safetensors_dtypes.ts";
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

/** The limits unless others are given. */
export const DEFAULT_LIMITS = { maxHeaderBytes: 2 ** 24, maxTensors: 100_000, maxRank: 8 };

interface Placed {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The key of a file's metadata. */
export const METADATA = "__metadata__";
/** The bytes of the header's length. */
export const LENGTH_BYTES = 8;

/** As `readSafetensors`, for bytes of Sluice's own: a page that only predicts leaves out the tables of options. */
export function parseSafetensors(
  bytes: Uint8Array,
  name: string,
  { maxHeaderBytes, maxTensors, maxRank }: Required<SafetensorsLimits> = DEFAULT_LIMITS,
): Safetensors {
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
