/** The safetensors dtypes that Sluice reads, and their conversion to float32 or int32 arrays. */

import type { HostData } from "../core/dtype.ts";
import { FormatError } from "../core/errors.ts";

/** How to read one dtype. */
export interface StoredDType {
  readonly itemBytes: number;
  /** `bytes` contains whole items and has its own buffer. */
  readonly read: (bytes: Uint8Array<ArrayBuffer>, what: string) => HostData;
}

// Typed arrays are little-endian wherever WebGPU runs, and so is safetensors: bytes need no swapping.
const DTYPES: ReadonlyMap<string, StoredDType> = new Map<string, StoredDType>([
  ["F32", { itemBytes: 4, read: ({ buffer }) => new Float32Array(buffer) }],
  ["I32", { itemBytes: 4, read: ({ buffer }) => new Int32Array(buffer) }],
  ["F16", { itemBytes: 2, read: ({ buffer }) => Float32Array.from(new Uint16Array(buffer), halfToFloat) }],
  [
    "BF16",
    {
      itemBytes: 2,
      read: ({ buffer }) => new Float32Array(Uint32Array.from(new Uint16Array(buffer), (half) => half << 16).buffer),
    },
  ],
  [
    "I64",
    {
      itemBytes: 8,
      read: ({ buffer }, what) => Int32Array.from(new BigInt64Array(buffer), (value) => narrow(value, what)),
    },
  ],
  ["U8", { itemBytes: 1, read: (bytes) => Int32Array.from(bytes) }],
  ["I8", { itemBytes: 1, read: ({ buffer }) => Int32Array.from(new Int8Array(buffer)) }],
  ["BOOL", { itemBytes: 1, read: (bytes) => Int32Array.from(bytes, (byte) => (byte === 0 ? 0 : 1)) }],
]);

/**
 * How to read a dtype.
 * @throws FormatError if it is unknown, or cannot be represented as float32 or int32 (F64, U64, …).
 *
 * @example
 * storedDType("F32", "kernel").itemBytes; // 4
 */
export function storedDType(name: string, what: string): StoredDType {
  const found = DTYPES.get(name);
  if (found) return found;
  throw new FormatError(
    `${what}: dtype ${JSON.stringify(name).slice(0, 40)} is not supported; expected one of ` +
      `${[...DTYPES.keys()].join(", ")}: convert the file first`,
    { dtype: name },
  );
}

/** Converts IEEE 754 binary16 to a number, exactly. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Converts a number to IEEE 754 binary16, rounding to nearest, ties to even. Numbers that are too large become
 * infinity.
 *
 * @example
 * halfToFloat(floatToHalf(1 / 3)); // 0.333251953125
 */
export function floatToHalf(value: number): number {
  SINGLE[0] = value;
  const bits = SINGLE_BITS[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(SINGLE[0]);
  if (Number.isNaN(magnitude)) return sign | 0x7e00;
  if (magnitude >= HALF_OVERFLOW) return sign | 0x7c00;
  if (magnitude < HALF_LEAST_NORMAL) return sign | roundHalfToEven(magnitude * 2 ** 24);
  const exponent = ((bits >>> 23) & 0xff) - 127;
  // A fraction that rounds up to 1024 carries into the exponent, as intended.
  return sign | ((((exponent + 15) << 10) | 0) + roundHalfToEven((magnitude / 2 ** exponent - 1) * 1024));
}

const SINGLE = new Float32Array(1);
const SINGLE_BITS = new Uint32Array(SINGLE.buffer);
/** Halfway between the largest binary16, 65504, and its successor: from here on, numbers become infinity. */
const HALF_OVERFLOW = 65520;
const HALF_LEAST_NORMAL = 2 ** -14;

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

function narrow(value: bigint, what: string): number {
  if (value >= -0x80000000n && value <= 0x7fffffffn) return Number(value);
  throw new FormatError(`${what}: the 64-bit number ${value} does not fit in int32`, { value: String(value) });
}
