/** Whether memory grows: a line through what was seen, and how sure it is. */

interface Runtime {
  readonly gc?: () => void;
  readonly process?: { memoryUsage?(): { readonly rss: number } };
}

/**
 * Bytes that this process holds, after a collection if one can be asked for. Undefined in browsers, which do not tell.
 */
export async function residentBytes(): Promise<number | undefined> {
  const { gc, process } = globalThis as unknown as Runtime;
  gc?.();
  // What is freed by a finalizer goes in a task of its own.
  await new Promise((resolve) => setTimeout(resolve, 0));
  return process?.memoryUsage?.().rss;
}

/** Samples of this share at the beginning are warm-up: caches fill, code is compiled. */
const WARM_UP = 0.3;
/** Growth from the first to the last sample that noise, and what a training rightly keeps (its curves), may be. */
const NOISE = 0.05;
const NOISE_BYTES = 2 ** 20;
/** Fewer say nothing. */
export const LEAST_SAMPLES = 10;

/** A straight line through equidistant samples, warm-up left out. */
export interface Trend {
  /** Bytes that the line rises from its first sample to its last. */
  readonly rise: number;
  /** The standard error of `rise`. */
  readonly error: number;
  readonly median: number;
  /** False where it rises by more than 5% and 1 MiB, and by more than its scatter explains. */
  readonly isFlat: boolean;
}

/** The trend of all but the first samples. @throws Error where there are too few. */
export function trendOf(samples: readonly number[]): Trend {
  if (samples.length < LEAST_SAMPLES)
    throw new Error(`${samples.length} samples say nothing; expected ${LEAST_SAMPLES}`);
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const middle = (warm.length - 1) / 2;
  const mean = warm.reduce((sum, bytes) => sum + bytes, 0) / warm.length;
  const spread = warm.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  const slope = warm.reduce((sum, bytes, at) => sum + (at - middle) * (bytes - mean), 0) / spread;
  const rest = warm.reduce((sum, bytes, at) => sum + (bytes - mean - slope * (at - middle)) ** 2, 0);
  const median = [...warm].sort((a, b) => a - b)[warm.length >> 1] as number;
  const rise = slope * (warm.length - 1);
  const error = Math.sqrt(rest / (warm.length - 2) / spread) * (warm.length - 1);
  return { rise, error, median, isFlat: rise <= Math.max(NOISE * median, NOISE_BYTES, 3 * error) };
}

const MiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Such as "261.0 MiB, which rose by 2.1 MiB ± 3.0 MiB". */
export const trendText = ({ rise, error, median }: Trend): string =>
  `${MiB(median)}, which rose by ${MiB(rise)} ± ${MiB(error)}`;
