/** Numbers that kernels compute with: what counts is what float32 makes of them. */
import { ValueError } from "./errors.ts";
import type { NdArray } from "./nd_array.ts";
import { shown } from "./options.ts";

/** The smallest normal number of float32: a GPU may take smaller ones for 0. */
export const LEAST_FLOAT32 = 2 ** -126;
const EXPONENT = 0x7f800000;

/** True for a number that is finite in float32: from 3.41e38 on float32 has infinity alone. */
export function isFiniteFloat32(value: number): boolean {
  return Number.isFinite(value) && Number.isFinite(Math.fround(value));
}

/**
 * The option's value, where it is in its range and float32 can hold it.
 * @param expected the range in words, such as "a number above 0"
 * @throws ValueError that names the option and the range: also for 1e39, which is infinite in float32, and 1e-46,
 * which is 0.
 */
export function checkFloat32(
  what: string,
  option: string,
  value: number,
  expected: string,
  isInRange: (value: number) => boolean,
): number {
  const isTooSmall = value !== 0 && Math.abs(value) < LEAST_FLOAT32;
  if (isFiniteFloat32(value) && !isTooSmall && isInRange(value)) return value;
  const isTooLarge = Number.isFinite(value) && !isFiniteFloat32(value);
  const why = isTooLarge ? ", which is infinite in float32" : isTooSmall ? ", which float32 rounds to 0" : "";
  const bounds = isTooLarge ? ", at most 3.4e38" : isTooSmall ? ", from 1.2e-38 on" : "";
  throw new ValueError(`${what}: ${option} is ${shown(value)}${why}; expected ${expected}${bounds}`, {
    [option]: value,
  });
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
