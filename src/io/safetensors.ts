/**
 * Tensors in one file: eight bytes of header length, a JSON header, then the concatenated bytes of all tensors. Source:
 * https://github.com/huggingface/safetensors, "Format".
 */
import { ShapeError, ValueError } from "../core/errors.ts";
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
import {
  DEFAULT_LIMITS,
  LENGTH_BYTES,
  METADATA,
  parseSafetensors,
  type Safetensors,
  type SafetensorsLimits,
} from "./parse_safetensors.ts";
import { floatToHalf } from "./safetensors_dtypes.ts";
import type { JsonValue } from "./strict_json.ts";

export type { Safetensors, SafetensorsLimits } from "./parse_safetensors.ts";

/** Options of `writeSafetensors`. */
export interface SafetensorsOptions {
  /** The dtype of Float32Arrays: `F32` is exact; `F16` has half the size and three significant digits. Default: F32. */
  readonly floats?: "F32" | "F16";
}

const WRITE = { floats: withDefault(oneOf(["F32", "F16"]), "F32") } satisfies TableOf<SafetensorsOptions>;

const READ = {
  maxHeaderBytes: withDefault(positive, DEFAULT_LIMITS.maxHeaderBytes),
  maxTensors: withDefault(positive, DEFAULT_LIMITS.maxTensors),
  maxRank: withDefault(positive, DEFAULT_LIMITS.maxRank),
} satisfies TableOf<SafetensorsLimits>;

/* @__NO_SIDE_EFFECTS__ */
const mapOf = (what: string) => instanceOf(`a Map of ${what} by name`, Map);

/**
 * Writes tensors, F32 (or F16) for a Float32Array and I32 for an Int32Array, in the order of the Map. The same tensors,
 * metadata and options always produce the same bytes.
 * @throws ShapeError if data does not fill its shape.
 * @throws ValueError if a tensor is called `__metadata__`, or contains a finite number that is too large for F16.
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
  // Padded with spaces to a multiple of eight, like the reference implementation, so that readers can memory-map the
  // data.
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
 * Reads tensors; the whole file is validated before the first one is created.
 * @throws FormatError if the file is truncated, damaged, of another format or exceeds a limit; ValueError if it is not
 * a Uint8Array.
 *
 * @example
 * const { tensors } = readSafetensors(bytes, "weights.safetensors");
 * tensors.get("dense/bias")?.shape; // [1]
 */
export function readSafetensors(file: Uint8Array, name = "safetensors", limits: SafetensorsLimits = {}): Safetensors {
  readValue("readSafetensors", "name", text, name);
  const checked = readOptions("readSafetensors(bytes, name)", READ, limits);
  if (!(file instanceof Uint8Array)) {
    throw new ValueError(`${name}: got ${shown(file)}; expected the file's bytes, a Uint8Array: read the file first`);
  }
  return parseSafetensors(ownMemory(file, name), name, checked);
}

/** Not via an object, which would order integer-like names first. */
function stringifyMap(map: ReadonlyMap<string, JsonValue>): string {
  return `{${Array.from(map, ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
}
