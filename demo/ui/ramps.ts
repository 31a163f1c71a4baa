/**
 * Colour scales for numbers: one hue for gates, two for signed values. The range never adapts to the data by itself.
 */
import { colour } from "./theme.ts";

/** A colour scale. */
export interface Ramp {
  /** `gate` runs from pale to full; `signed` from orange over neutral at zero to blue. */
  readonly kind: "gate" | "signed";
  /** The values at both ends; symmetric for `signed`. */
  readonly domain: readonly [number, number];
}

/** Gates range from closed (0) to open (1). */
export const GATE: Ramp = { kind: "gate", domain: [0, 1] };

/** A scale for signed values with a magnitude of up to `most`. */
export function signedRamp(most: number): Ramp {
  return { kind: "signed", domain: [-most, most] };
}

/** The number of colours on each side; more could not be distinguished. */
const STEPS = 48;

/** Returns a function that maps values to colours, for the page's current theme. */
export function palette(): (value: number, ramp: Ramp) => string {
  const [neutral, open, praise, blame] = ["--neutral", "--open", "--praise", "--blame"].map(colour);
  const mixes = (end: string | undefined): readonly string[] =>
    Array.from({ length: STEPS + 1 }, (_, step) => `color-mix(in oklab, ${end} ${(100 * step) / STEPS}%, ${neutral})`);
  const [gate, up, down] = [mixes(open), mixes(praise), mixes(blame)];
  return (value, { kind, domain: [low, high] }) => {
    const share = Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
    if (kind === "gate") return gate[Math.round(share * STEPS)] as string;
    return (share >= 0.5 ? up : down)[Math.round(Math.abs(2 * share - 1) * STEPS)] as string;
  };
}
