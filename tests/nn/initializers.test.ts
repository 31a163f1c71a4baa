/** Initializers: what they fill, how it is spread, their names. */
import { describe, expect, test } from "vitest";
import { identity, orthogonal, Random, type Shape, ShapeError, varianceScaling } from "../../src/index.ts";
import { type InitializerLike, resolveInitializer } from "../../src/nn/weights/initializers.ts";

function fill(initializer: InitializerLike, shape: Shape, stream = 0): readonly number[] {
  return Array.from(resolveInitializer(initializer).fill(shape, new Random(5, stream)));
}

function moments(data: readonly number[]) {
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  const variance = data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length;
  return { mean, variance, largest: Math.max(...data.map(Math.abs)) };
}

/** 40,000 numbers: a mean is within 0.02 standard deviations, a variance within 3%. */
const SHAPE: Shape = [100, 400];
const CONV: Shape = [5, 20, 400];

describe("initializers", () => {
  const cut = 2 / 0.8796256610342398;
  test.each<[InitializerLike, Shape, number, number]>([
    // Name, shape, variance, largest size in standard deviations (Infinity: not cut off).
    ["glorotUniform", SHAPE, 2 / 500, Math.sqrt(3)],
    ["glorot_normal", SHAPE, 2 / 500, cut],
    ["heUniform", SHAPE, 2 / 100, Math.sqrt(3)],
    ["he_normal", CONV, 2 / 100, cut],
    ["lecunUniform", CONV, 1 / 100, Math.sqrt(3)],
    ["lecunNormal", SHAPE, 1 / 100, cut],
    ["randomUniform", SHAPE, 0.05 ** 2 / 3, Math.sqrt(3)],
    ["uniform", SHAPE, 0.05 ** 2 / 3, Math.sqrt(3)],
    [{ name: "randomUniform", minimum: -2, maximum: 2 }, SHAPE, 4 / 3, Math.sqrt(3)],
    ["randomNormal", SHAPE, 0.05 ** 2, Number.POSITIVE_INFINITY],
    [{ name: "truncatedNormal", stddev: 2 }, SHAPE, 4 * 0.8796256610342398 ** 2, cut],
    ["varianceScaling", SHAPE, 1 / 100, cut],
    [
      { name: "variance_scaling", scale: 3, mode: "fan_out", distribution: "untruncated_normal" },
      CONV,
      3 / 2000,
      Number.POSITIVE_INFINITY,
    ],
    [{ name: "varianceScaling", mode: "fanAvg", distribution: "uniform" }, SHAPE, 1 / 250, Math.sqrt(3)],
  ])("%j of %j has variance %d", (initializer, shape, variance, limit) => {
    const came = moments(fill(initializer, shape));
    expect(Math.abs(came.mean)).toBeLessThan(0.02 * Math.sqrt(variance));
    expect(Math.abs(came.variance / variance - 1)).toBeLessThan(0.03);
    const size = came.largest / Math.sqrt(variance);
    if (limit === Number.POSITIVE_INFINITY) expect(size).toBeGreaterThan(3.5);
    else {
      expect(size).toBeLessThanOrEqual(limit * 1.0001);
      expect(size).toBeGreaterThan(limit * 0.99);
    }
  });

  test("a mean of its own", () => {
    expect(Math.abs(moments(fill({ name: "randomNormal", mean: 3, stddev: 1 }, SHAPE)).mean - 3)).toBeLessThan(0.02);
  });

  test("fixed numbers", () => {
    expect(fill("zeros", [3])).toEqual([0, 0, 0]);
    expect(fill("ones", [2])).toEqual([1, 1]);
    expect(fill({ name: "constant", value: 0.5 }, [2])).toEqual([0.5, 0.5]);
    expect(fill(identity({ gain: 2 }), [2, 3])).toEqual([2, 0, 0, 0, 2, 0]);
    expect(() => fill("identity", [2, 2, 2])).toThrow(ShapeError);
  });

  test("orthogonal rows, times the gain", () => {
    const data = fill(orthogonal({ gain: 3 }), [4, 9]);
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b < 4; b++) {
        const dot = Array.from({ length: 9 }, (_, k) => (data[a * 9 + k] as number) * (data[b * 9 + k] as number));
        expect(dot.reduce((x, y) => x + y, 0)).toBeCloseTo(a === b ? 9 : 0, 5);
      }
    }
  });

  test("a seed of its own does not depend on the model's stream", () => {
    for (const name of ["glorotNormal", "randomUniform", "orthogonal", "truncatedNormal"]) {
      expect(fill({ name, seed: 1 }, [3, 4], 0)).toEqual(fill({ name, seed: 1 }, [3, 4], 7));
      expect(fill({ name, seed: 1 }, [3, 4])).not.toEqual(fill({ name, seed: 2 }, [3, 4]));
      expect(fill(name, [3, 4], 0)).not.toEqual(fill(name, [3, 4], 7));
    }
  });

  test("names and options are checked, and saved", () => {
    expect(() => resolveInitializer("glorot")).toThrow(/unknown initializer "glorot"; expected one of zeros.*heNormal/);
    expect(() => varianceScaling({ scale: 0 })).toThrow(/scale is 0/);
    expect(() => varianceScaling({ mode: "fan" as "fan_in" })).toThrow(/fan_in, fan_out, fan_avg/);
    expect(() => resolveInitializer({ name: "randomNormal", stddev: Number.NaN })).toThrow(/stddev is NaN/);
    for (const config of [
      { name: "varianceScaling", scale: 2, mode: "fan_avg", distribution: "uniform", seed: 4 },
      { name: "truncatedNormal", mean: 1, stddev: 2 },
      { name: "orthogonal", gain: 0.5 },
      { name: "heNormal", seed: 9 },
    ]) {
      expect(resolveInitializer(config).config).toEqual(config);
    }
  });
});
