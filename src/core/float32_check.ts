/** Checks of numbers for kernels, which compute in float32. */
import type { NdArray } from "./nd_array.ts";

/** The smallest normal float32. GPUs may flush smaller numbers to 0. */
export const LEAST_FLOAT32 = 2 ** -126;
const EXPONENT = 0x7f800000;

/** True for a number that is finite in float32: 3.41e38 and larger numbers become infinite. */
export function isFiniteFloat32(value: number): boolean {
  return Number.isFinite(value) && Number.isFinite(Math.fround(value));
}

/**
 * Why a value is invalid, and the limit that it violates: two clauses of an error message. The second may be empty.
 */
export interface Flaw {
  readonly why: string;
  readonly limit: string;
}

/** The flaw of a finite number that is infinite or 0 in float32; undefined for any other value. */
export function float32Flaw(value: unknown): Flaw | undefined {
  if (typeof value !== "number" || value === 0 || !Number.isFinite(value)) return undefined;
  if (!isFiniteFloat32(value)) return { why: ", which is infinite in float32", limit: " (float32 ends at 3.4e38)" };
  if (Math.abs(value) >= LEAST_FLOAT32) return undefined;
  return { why: ", which float32 rounds to 0", limit: " (float32 begins at 1.2e-38)" };
}

/** True if no float32 element is infinite or NaN. */
export function isFiniteArray({ data }: NdArray): boolean {
  if (!(data instanceof Float32Array)) return true;
  // Comparing bits is several times faster than calling Number.isFinite for every number.
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  for (let index = 0; index < bits.length; index++) {
    if (((bits[index] as number) & EXPONENT) === EXPONENT) return false;
  }
  return true;
}
