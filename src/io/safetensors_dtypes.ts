/** The dtypes of safetensors that Sluice reads, and how each becomes a float32 or int32 array. */

import type { HostData } from "../core/dtype.ts";
import { FormatError } from "../core/errors.ts";

/** How to read one dtype. */
export interface StoredDType {
  readonly itemBytes: number;
  /** `bytes` holds whole items, in memory of its own. */
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
 * @throws FormatError when it is unknown, or would not survive as float32 or int32 (F64, U64, …).
 *
 * @example
 * storedDType("F32", "kernel").itemBytes; // 4
 */
export function storedDType(name: string, what: string): StoredDType {
  const found = DTYPES.get(name);
  if (found) return found;
  throw new FormatError(
    `${what}: dtype ${JSON.stringify(name).slice(0, 40)} is not read; expected one of ${[...DTYPES.keys()].join(", ")}: convert the file first`,
    { dtype: name },
  );
}

/** IEEE 754 binary16 to a number, exactly. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function narrow(value: bigint, what: string): number {
  if (value >= -0x80000000n && value <= 0x7fffffffn) return Number(value);
  throw new FormatError(`${what}: the 64-bit number ${value} does not fit in int32`, { value: String(value) });
}
