import { expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";

test("a permutation brings every number to every place about as often", () => {
  const [size, rounds] = [5, 1000];
  const counts = Array.from({ length: size }, () => Array<number>(size).fill(0));
  for (let round = 0; round < rounds; round++) {
    const order = new Random(round, 2).permutation(size);
    expect([...order].sort()).toEqual([0, 1, 2, 3, 4]);
    order.forEach((value, place) => {
      (counts[place] as number[])[value] = (counts[place]?.[value] ?? 0) + 1;
    });
  }
  // 200 are expected, with a standard deviation of 12.6.
  for (const count of counts.flat()) expect(Math.abs(count - rounds / size)).toBeLessThan(64);
});
