import { ShapeError } from "sluice";
import { similarity } from "sluice/embed";
import { describe, expect, test } from "vitest";

describe("similarity", () => {
  test("is the metric's definition", () => {
    expect(similarity("dot", [1, 2, 3], [4, -5, 6])).toBe(12);
    expect(similarity("cosine", [3, 0], [1, 1])).toBeCloseTo(Math.SQRT1_2, 15);
    expect(similarity("l2", [1, 2], [4, 6])).toBe(-5);
  });

  test("a vector of zeros is like none", () => {
    expect(similarity("cosine", [0, 0], [1, 2])).toBe(0);
  });

  test("no cosine lies beyond 1: an angle can be made of it", () => {
    expect(similarity("cosine", [1, 1, 1], [1, 1, 1])).toBe(1);
    expect(similarity("cosine", [1, 1, 1], [-1, -1, -1])).toBe(-1);
  });

  test("refuses vectors of two widths, what is none, and a metric that is none", () => {
    const nothing = null as unknown as number[];
    expect(() => similarity("dot", [1], nothing)).toThrow(/got \[1\] and null; expected two lists of numbers/);
    expect(() => similarity("dot", [1], [1, 2])).toThrow(ShapeError);
    expect(() => similarity("ip" as "dot", [1], [2])).toThrow(/metric is "ip"; expected one of cosine, dot, l2/);
  });
});
