/** Whether memory grows: a line through what was seen, and how sure it is. */

interface Runtime {
  readonly gc?: () => void;
  readonly process?: { memoryUsage?(): { readonly rss: number } };
}

/** Bytes that this process holds, after a collection if one can be asked for. Undefined in browsers, which do not tell. */
export async function residentBytes(): Promise<number | undefined> {
  const { gc, process } = globalThis as unknown as Runtime;
  gc?.();
  // What is freed by a finalizer goes in a task of its own.
  await new Promise((resolve) => setTimeout(resolve, 0));
  return process?.memoryUsage?.().rss;
}

/** Samples of this share at the beginning are warm-up: caches fill, code is compiled. */
const WARM_UP = 0.3;
/** Growth from the first to the last sample that noise may seem to be. */
const NOISE = 0.05;

/** A straight line through equidistant samples, warm-up left out. */
export interface Trend {
  /** Bytes that the line rises from its first sample to its last. */
  readonly rise: number;
  /** The standard error of `rise`. */
  readonly error: number;
  readonly median: number;
}

/** The trend of all but the first samples. */
export function trendOf(samples: readonly number[]): Trend {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const middle = (warm.length - 1) / 2;
  const mean = warm.reduce((sum, bytes) => sum + bytes, 0) / warm.length;
  const spread = warm.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  const slope = warm.reduce((sum, bytes, at) => sum + (at - middle) * (bytes - mean), 0) / spread;
  const rest = warm.reduce((sum, bytes, at) => sum + (bytes - mean - slope * (at - middle)) ** 2, 0);
  const median = [...warm].sort((a, b) => a - b)[warm.length >> 1] as number;
  const error = Math.sqrt(rest / Math.max(1, warm.length - 2) / spread) * (warm.length - 1);
  return { rise: slope * (warm.length - 1), error, median };
}

const MiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/**
 * What the trend says, in words.
 * @param each pieces of work between two samples.
 * @throws Error when the memory grew by more than 5%, and by more than its scatter explains.
 */
export function checkFlat(what: string, samples: readonly number[], each: number): string {
  if (samples.length < 10) throw new Error(`${what}: ${samples.length} samples say nothing; expected 10`);
  const { rise, error, median } = trendOf(samples);
  const per = rise / (samples.length * (1 - WARM_UP) * each);
  const text = `${what}: ${MiB(median)}, ${MiB(rise)} ± ${MiB(error)} from first to last, ${per.toFixed(0)} bytes each`;
  if (rise > NOISE * median && rise > 3 * error) throw new Error(`${text}; expected it to be flat`);
  return text;
}
