/** Long series are drawn by few points, and nothing that stands out is lost. */
import { expect, test } from "vitest";
import { decimate } from "../../demo/worker/decimate_series.ts";

test("a short series stays as it is, with its dates", () => {
  const { at, values, dates } = decimate([3, 1, 2], ["a", "b", "c"]);
  expect([[...at], [...values], dates]).toEqual([
    [0, 1, 2],
    [3, 1, 2],
    ["a", "b", "c"],
  ]);
  expect(decimate([]).at.length).toBe(0);
});

test("of a long one every stretch keeps its least and its greatest value, in their order", () => {
  const series = Array.from({ length: 100_003 }, (_, row) => Math.sin(row / 50) + (row === 54_321 ? 9 : 0));
  series[777] = -7;
  const { at, values, dates } = decimate(series);
  expect(dates).toBeUndefined();
  expect(at.length).toBeLessThanOrEqual(1600);
  expect([...at]).toEqual([...at].toSorted((a, b) => a - b));
  expect([...values]).toEqual([...at].map((row) => series[row]));
  expect([values[at.indexOf(54_321)], values[at.indexOf(777)]]).toEqual([series[54_321], -7]);
  expect([at[0], at.at(-1)].map((row) => Math.floor(((row as number) * 800) / series.length))).toEqual([0, 799]);
});
