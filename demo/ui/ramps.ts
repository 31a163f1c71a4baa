/**
 * Colours for numbers: one hue for what lies between shut and open, two for what has a sign. Never rescaled by
 * themselves.
 */
import { colour } from "./theme.ts";

/** What a colour stands for. */
export interface Ramp {
  /** `gate` runs from pale to full; `signed` from orange over neutral at zero to blue. */
  readonly kind: "gate" | "signed";
  /** The values at both ends; symmetric for `signed`. */
  readonly domain: readonly [number, number];
}

/** Gates are open or shut: no other domain. */
export const GATE: Ramp = { kind: "gate", domain: [0, 1] };

/** A ramp for values of either sign, up to `most` in size. */
export function signedRamp(most: number): Ramp {
  return { kind: "signed", domain: [-most, most] };
}

/** Steps of a palette on each side; more cannot be told apart. */
const STEPS = 48;

/** The colours of both kinds of ramp, as the page has them at the moment. */
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
