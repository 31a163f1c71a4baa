/** Functions that need more than one WGSL built-in to be exact in float32. */
import { add, exp, mul, square } from "./arithmetic.ts";
import { unary } from "./elementwise.ts";

/** eˣ − 1, without loss near 0. */
export const expm1 = unary({
  name: "expm1",
  compute: Math.expm1,
  vjp: (_x, y, dy) => mul(dy, add(y, 1)),
});

/** The error function, 2/√π · ∫₀ˣ e^(−t²) dt. */
export const erf = unary({
  name: "erf",
  compute: errorFunction,
  vjp: (x, _y, dy) => mul(dy, mul(2 / Math.sqrt(Math.PI), exp(mul(square(x), -1)))),
});

/** erf in float64: 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)), whose terms have one sign. From 6 on it is 1. */
function errorFunction(x: number): number {
  if (Math.abs(x) >= 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
