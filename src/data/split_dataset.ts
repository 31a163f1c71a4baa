/** Selects and splits examples so that every class keeps its share. */
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
  /** The share that is held out; 0.2 by default. */
  readonly testFraction?: number;
  /** The seed of the split; 0 by default. */
  readonly seed?: number;
  /** Keep each class's share in both parts; true by default. */
  readonly stratify?: boolean;
}

const SPLIT = {
  testFraction: withDefault(fraction, 0.2),
  seed: withDefault(integer, 0),
  stratify: withDefault(flag, true),
} satisfies TableOf<SplitOptions>;

/**
 * `count` examples, each class in proportion, in an order shuffled by `seed`; all of them when there are fewer.
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
 * Two data sets that share no example, both shuffled by `seed`.
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
        "example on either side",
      { testFraction, size: data.size },
    );
  }
  const order = new Random(seed).permutation(data.size);
  const classes = stratify ? classesOf(data.y) : new Int32Array(data.size);
  const { picked, left } = pickStratified(classes, order, count);
  return { train: subset(data, left), test: subset(data, picked) };
}

/** The class of each example as a small number: examples whose rows of `y` are equal share one. */
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

/** Walks `order` and picks `count` in all, each class up to its quota; the rest is `left`. Both keep the order. */
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

/** How many of each class make `count`: shares rounded down, the rest to the largest remainders. */
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
