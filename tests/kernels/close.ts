/** Comparison with the float64 reference. */
import { expect } from "vitest";

/**
 * Expects `|actual - wanted| <= tolerance * (1 + |wanted|)` everywhere; names the worst element where it is not so.
 */
export function expectClose(actual: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number, what = ""): void {
  expect(actual.length, `${what}: length`).toBe(wanted.length);
  let worst = -1;
  let worstError = tolerance;
  for (let index = 0; index < wanted.length; index++) {
    const [came, want] = [actual[index] as number, wanted[index] as number];
    const error = Math.abs(came - want) / (1 + Math.abs(want));
    if (error <= worstError) continue; // false for NaN
    worst = index;
    worstError = error;
    if (Number.isNaN(error)) break;
  }
  if (worst >= 0) {
    expect.fail(
      `${what}: element ${worst} of ${wanted.length} is ${actual[worst]}, wanted ${wanted[worst]} within ` +
        `${tolerance} (came ${worstError})`,
    );
  }
}
