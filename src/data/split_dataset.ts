/** Selects and splits examples while preserving class proportions. */
import { ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import {
  flag,
  fraction,
  integer,
  positive,
  readOptions,
  readValue,
  type TableOf,
  withDefault,
} from "../core/option_table.ts";
import { Random } from "../core/random.ts";
import { checkDataset, type Dataset, type DenseDataset, type RaggedDataset, subset } from "./dataset.ts";

/** Options of `trainTestSplit`. */
export interface SplitOptions {
  /** The fraction of examples to hold out. Default: 0.2. */
  readonly testFraction?: number;
  /** The seed of the split; 0 by default. */
  readonly seed?: number;
  /** Whether to preserve class proportions in both parts. Default: true. */
  readonly stratify?: boolean;
}

const SPLIT = {
  testFraction: withDefault(fraction, 0.2),
  seed: withDefault(integer, 0),
  stratify: withDefault(flag, true),
} satisfies TableOf<SplitOptions>;

/**
 * Selects `count` examples (all if there are fewer) with class proportions preserved, shuffled by `seed`.
 * @throws ValueError if `count` is not a whole number of at least 1.
 *
 * @example
 * const small = stratifiedLimit(train, 1000, 7);
 */
export function stratifiedLimit(data: RaggedDataset, count: number, seed: number): RaggedDataset;
export function stratifiedLimit(data: DenseDataset, count: number, seed: number): DenseDataset;
export function stratifiedLimit(data: Dataset, count: number, seed: number): Dataset;
export function stratifiedLimit(data: Dataset, count: number, seed: number): Dataset {
  checkDataset(data, "stratifiedLimit");
  readValue("stratifiedLimit", "count", positive, count);
  const order = new Random(seed).permutation(data.size);
  return subset(data, pickStratified(classesOf(data.y), order, count).picked);
}

/**
 * Splits a data set into two disjoint ones, both shuffled by `seed`.
 * @throws ValueError if `testFraction` leaves either part empty.
 *
 * @example
 * const { train, test } = trainTestSplit(all, { testFraction: 0.25, seed: 7 });
 */
export function trainTestSplit(
  data: RaggedDataset,
  options?: SplitOptions,
): { train: RaggedDataset; test: RaggedDataset };
export function trainTestSplit(data: DenseDataset, options?: SplitOptions): { train: DenseDataset; test: DenseDataset };
export function trainTestSplit(data: Dataset, options?: SplitOptions): { train: Dataset; test: Dataset };
export function trainTestSplit(data: Dataset, options: SplitOptions = {}): { train: Dataset; test: Dataset } {
  const { testFraction, seed, stratify } = readOptions("trainTestSplit(data)", SPLIT, options);
  checkDataset(data, "trainTestSplit");
  const count = Math.round(data.size * testFraction);
  if (count < 1 || count >= data.size) {
    throw new ValueError(
      `trainTestSplit: testFraction ${testFraction} of ${data.size} examples is ${count}; expected at least one ` +
        "example in each part",
      { testFraction, size: data.size },
    );
  }
  const order = new Random(seed).permutation(data.size);
  const classes = stratify ? classesOf(data.y) : new Int32Array(data.size);
  const { picked, left } = pickStratified(classes, order, count);
  return { train: subset(data, left), test: subset(data, picked) };
}

/** A class number for each example: examples with equal rows of `y` have the same number. */
export function classesOf(y: NdArray): Int32Array {
  const size = y.shape[0] ?? 0;
  const perRow = size === 0 ? 0 : y.data.length / size;
  const numbers = new Map<string, number>();
  return Int32Array.from({ length: size }, (_, row) => {
    const key = y.data.subarray(row * perRow, (row + 1) * perRow).join();
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
}

/** Picks `count` examples in the given order, each class up to its quota; the others are `left`, in the same order. */
export function pickStratified(
  classes: ArrayLike<number>,
  order: Iterable<number>,
  count: number,
): { picked: number[]; left: number[] } {
  const quotas = quotasOf(classes, Math.min(count, classes.length));
  const picked: number[] = [];
  const left: number[] = [];
  for (const index of order) {
    const group = classes[index] as number;
    const quota = quotas[group] as number;
    quotas[group] = quota - 1;
    (quota > 0 ? picked : left).push(index);
  }
  return { picked, left };
}

/** The number of examples per class that add up to `count`, by the largest remainder method. */
function quotasOf(classes: ArrayLike<number>, count: number): number[] {
  const sizes: number[] = [];
  for (const group of Array.from(classes)) sizes[group] = (sizes[group] ?? 0) + 1;
  const shares = sizes.map((size) => (size * count) / classes.length);
  const quotas = shares.map(Math.floor);
  const missing = count - quotas.reduce((sum, quota) => sum + quota, 0);
  const byRemainder = shares
    .map((share, group) => ({ group, remainder: share % 1 }))
    .sort((a, b) => b.remainder - a.remainder);
  for (const { group } of byRemainder.slice(0, missing)) quotas[group] = (quotas[group] as number) + 1;
  return quotas;
}
