import { describe, expect, test } from "vitest";
import { ShapeError, ValueError } from "../../src/core/errors.ts";
import { checkDataset, dataset, subset } from "../../src/data/dataset.ts";
import { makeRagged } from "../../src/data/make_ragged.ts";
import { maxId, rowOf, toPadded } from "../../src/data/ragged_rows.ts";
import { stratifiedLimit, trainTestSplit } from "../../src/data/split_dataset.ts";

const labels = (values: readonly number[]) => ({ shape: [values.length, 1], data: Float32Array.from(values) });
const rows = makeRagged([[1, 2, 3], [], [4], [5, 6, 7, 8]], { maxLength: 3 });

describe("ragged sequences", () => {
  test("cut and pad as padSequences does", () => {
    expect([...toPadded(rows).data]).toEqual([1, 2, 3, 0, 0, 0, 0, 0, 4, 6, 7, 8]);
    const post = makeRagged([[1, 2, 3], [4]], { maxLength: 2, padding: "post", truncating: "post" });
    expect([...toPadded(post).data]).toEqual([1, 2, 4, 0]);
    expect([...post.offsets]).toEqual([0, 2, 3]);
    expect(maxId(rows)).toBe(8);
    expect(maxId(makeRagged([[]]))).toBe(-1);
  });
});

describe("dataset", () => {
  test("pairs x with y", () => {
    expect(dataset(rows, labels([0, 1, 0, 1]))).toMatchObject({ kind: "ragged", size: 4 });
    const x = { shape: [2, 3], data: new Float32Array(6) };
    expect(dataset(x, labels([0, 1]))).toMatchObject({ kind: "dense", size: 2 });
  });

  test("refuses what cannot be trained on", () => {
    expect(() => dataset(rows, labels([0, 1]))).toThrow(
      "dataset: y has shape [2, 1]; expected 4 examples on its first axis",
    );
    expect(() => dataset(makeRagged([]), labels([]))).toThrow(/empty/);
    expect(() => dataset(rows, labels([0, 1, Number.NaN, 0]))).toThrow(/y: element 2 \(example 2\) is NaN/);
    const x = { shape: [2, 2], data: new Float32Array([0, 1, 2, Number.POSITIVE_INFINITY]) };
    expect(() => dataset(x, labels([0, 1]))).toThrow(/x: element 3 \(example 1\) is Infinity/);
    expect(() => dataset({ shape: [2, 2], data: new Float32Array(3) }, labels([0, 1]))).toThrow(ShapeError);
    expect(() => dataset(makeRagged([[-1]]), labels([1]))).toThrow(ValueError);
    const broken = { ...rows, offsets: new Int32Array([0, 5, 4, 4, 7]) };
    expect(() => checkDataset({ kind: "ragged", size: 4, x: broken, y: labels([0, 1, 0, 1]) })).toThrow(
      /row 0 of x has 5 ids/,
    );
  });

  test("takes a subset in the order asked for", () => {
    const picked = subset(dataset(rows, labels([0, 1, 2, 3])), [3, 0]);
    expect([...picked.y.data]).toEqual([3, 0]);
    expect([...rowOf(picked.x, 0)]).toEqual([6, 7, 8]);
    expect([...rowOf(picked.x, 1)]).toEqual([1, 2, 3]);
    const dense = dataset({ shape: [3, 2], data: new Int32Array([0, 1, 2, 3, 4, 5]) }, labels([0, 1, 2]));
    expect(subset(dense, [2]).x).toEqual({ shape: [1, 2], data: new Int32Array([4, 5]) });
    expect(() => subset(dense, [3])).toThrow(ValueError);
  });
});

describe("splits", () => {
  // Sorted by class, as the archive is: 70 of one, 30 of the other.
  const all = dataset(
    makeRagged(Array.from({ length: 100 }, (_, index) => [index])),
    labels(Array.from({ length: 100 }, (_, index) => (index < 70 ? 0 : 1))),
  );
  const ones = (data: { y: { data: ArrayLike<number> } }) =>
    Array.from(data.y.data).filter((label) => label === 1).length;

  test("a limit keeps the classes' shares and shuffles", () => {
    const small = stratifiedLimit(all, 10, 7);
    expect([small.size, ones(small)]).toEqual([10, 3]);
    expect([...stratifiedLimit(all, 10, 7).x.ids]).toEqual([...small.x.ids]);
    expect([...stratifiedLimit(all, 10, 8).x.ids]).not.toEqual([...small.x.ids]);
    expect(stratifiedLimit(all, 1000, 7).size).toBe(100);
    expect(() => stratifiedLimit(all, 0, 7)).toThrow(ValueError);
  });

  test("train and test share nothing and lose nothing", () => {
    const { train, test: held } = trainTestSplit(all, { testFraction: 0.25, seed: 3 });
    expect([train.size, held.size, ones(train) + ones(held)]).toEqual([75, 25, 30]);
    expect([7, 8]).toContain(ones(held));
    expect([...train.x.ids, ...held.x.ids].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    );
    expect(() => trainTestSplit(all, { testFraction: 0.001 })).toThrow(/at least one example in each part/);
    expect(() => trainTestSplit(all, { testFraction: Number.NaN })).toThrow(ValueError);
  });
});
