/** Compares samples of a result with its reference. */
import { SluiceError } from "../core/errors.ts";
import { Random } from "../core/random.ts";

/** A result differs from the reference, so its time would be meaningless. */
export class CheckError extends SluiceError {
  override readonly name: string = "CheckError";
}

/** The expected value of an element, and its tolerance. */
export interface Expected {
  readonly value: number;
  readonly tolerance: number;
}

const SAMPLES = 256;

/**
 * Compares elements of `actual`, at both ends and at random positions between, with their expected values.
 * @throws CheckError naming the element with the largest error, or the first that is NaN.
 */
export function checkSamples(what: string, actual: ArrayLike<number>, expected: (index: number) => Expected): void {
  const random = new Random(11);
  const count = Math.min(SAMPLES, actual.length);
  let worst: { index: number; got: number; wanted: number; excess: number } | undefined;
  for (let sample = 0; sample < count; sample++) {
    const index = sampleIndex(sample, count, actual.length, random);
    const got = actual[index] as number;
    const { value: wanted, tolerance } = expected(index);
    const distance = Math.abs(got - wanted);
    const excess = distance <= tolerance ? 0 : distance / tolerance || Number.POSITIVE_INFINITY;
    if (excess > 0 && (worst === undefined || excess > worst.excess)) worst = { index, got, wanted, excess };
  }
  if (worst === undefined) return;
  const { index, got, wanted } = worst;
  throw new CheckError(`${what}: element ${index} of ${actual.length} is ${got}; expected ${wanted}`, { ...worst });
}

function sampleIndex(sample: number, count: number, length: number, random: Random): number {
  if (count === length) return sample;
  if (sample === 0) return 0;
  if (sample === 1) return length - 1;
  return Math.floor(random.uniform() * length);
}
