/** Summarizes measured times: the median, its confidence interval, and the spread. */
import { ValueError } from "../core/errors.ts";

/** A summary of times, in seconds unless stated otherwise. */
export interface Summary {
  readonly median: number;
  /**
   * The median of the whole population is in `low … high` with probability `confidence`, whatever its distribution.
   */
  readonly low: number;
  readonly high: number;
  /** At least 0.95, but less with fewer than 6 samples: then `low … high` contains all of them. */
  readonly confidence: number;
  /** The interquartile range, relative to the median. */
  readonly spread: number;
  readonly samples: number;
  /** True if the interval is too wide, or its confidence too low, to draw conclusions. */
  readonly isNoisy: boolean;
}

const CONFIDENCE = 0.95;
/** An interval wider than this share of the median is called noisy. */
const NOISY_WIDTH = 0.1;

/**
 * Computes the median, its confidence interval by order statistics (which assumes no distribution), and the spread.
 * @throws ValueError for no samples, or for a sample that is not a finite number of at least 0.
 * @example
 * summarize([1.0, 1.1, 0.9, 1.0, 1.2, 1.0, 1.1]).median; // 1
 */
export function summarize(samples: readonly number[]): Summary {
  const bad = samples.find((sample) => !(sample >= 0 && Number.isFinite(sample)));
  if (samples.length === 0 || bad !== undefined) {
    throw new ValueError(`summarize: got ${bad ?? "no samples"}; expected times of at least 0`, { samples });
  }
  const sorted = [...samples].sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  const { rank, confidence } = intervalRank(sorted.length);
  const low = sorted[rank] as number;
  const high = sorted[sorted.length - 1 - rank] as number;
  const isWide = high - low > NOISY_WIDTH * median;
  return {
    median,
    low,
    high,
    confidence,
    spread: median === 0 ? 0 : (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / median,
    samples: sorted.length,
    isNoisy: isWide || confidence < CONFIDENCE,
  };
}

/** The quantile `share` of ascending numbers, interpolated linearly. */
export function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const a = sorted[below] ?? Number.NaN;
  const b = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
  return a + (b - a) * (position - below);
}

/**
 * The largest rank r such that the median lies between sample r and sample n-1-r (from 0, ascending) with a probability
 * of 95%: the number of samples below the median is binomial with p = 1/2. See David and Nagaraja, "Order Statistics",
 * section 7.1.
 */
function intervalRank(count: number): { readonly rank: number; readonly confidence: number } {
  let rank = 0;
  let outside = 0;
  let confidence = 0;
  // P(fewer than r + 1 of n are below the median), summed from the end.
  let probability = 0.5 ** count;
  for (let r = 0; r < count / 2; r++) {
    outside += probability;
    const inside = 1 - 2 * outside;
    if (r > 0 && inside < CONFIDENCE) break;
    rank = r;
    confidence = Math.max(0, inside);
    probability *= (count - r) / (r + 1);
  }
  return { rank, confidence };
}
