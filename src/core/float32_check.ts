/** Numbers that kernels compute with: what counts is what float32 makes of them. */
import type { NdArray } from "./nd_array.ts";

/** The smallest normal number of float32: a GPU may take smaller ones for 0. */
export const LEAST_FLOAT32 = 2 ** -126;
const EXPONENT = 0x7f800000;

/** True for a number that is finite in float32: from 3.41e38 on float32 has infinity alone. */
export function isFiniteFloat32(value: number): boolean {
  return Number.isFinite(value) && Number.isFinite(Math.fround(value));
}

/** What is wrong with a value, and where its limit is: clauses for a message, the second may be empty. */
export interface Flaw {
  readonly why: string;
  readonly limit: string;
}

/** What is wrong with a finite number that is infinite or 0 in float32; undefined for anything else. */
export function float32Flaw(value: unknown): Flaw | undefined {
  if (typeof value !== "number" || value === 0 || !Number.isFinite(value)) return undefined;
  if (!isFiniteFloat32(value)) return { why: ", which is infinite in float32", limit: " (float32 ends at 3.4e38)" };
  if (Math.abs(value) >= LEAST_FLOAT32) return undefined;
  return { why: ", which float32 rounds to 0", limit: " (float32 begins at 1.2e-38)" };
}

/** True unless a float32 element is infinite or NaN. */
export function isFiniteArray({ data }: NdArray): boolean {
  if (!(data instanceof Float32Array)) return true;
  // Bits are compared, as on the GPU: several times faster than a call for every number.
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  for (let index = 0; index < bits.length; index++) {
    if (((bits[index] as number) & EXPONENT) === EXPONENT) return false;
  }
  return true;
}
