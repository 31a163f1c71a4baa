/** Regularizers and constraints: values by hand, gradients by central differences, names. */
import { describe, expect, test } from "vitest";
import {
  dense,
  gradients,
  inputValue,
  interpret,
  l1,
  lstm,
  type NdArray,
  orthogonalRegularizer,
  ShapeError,
  type Value,
} from "../../src/index.ts";
import { layerFromConfig } from "../../src/nn/layers/index.ts";
import { resolveConstraint } from "../../src/nn/weights/constraints.ts";
import { type RegularizerLike, resolveRegularizer } from "../../src/nn/weights/regularizers.ts";
import { checkGradients } from "../support/gradcheck.ts";

const W: NdArray = { shape: [3, 2], data: Float32Array.of(1, -2, 0.5, 0.25, -0.75, 3) };

function penalty(regularizer: RegularizerLike, array: NdArray = W): number {
  const x = inputValue("w", array.shape);
  const y = resolveRegularizer(regularizer)?.penalty(x);
  if (y === undefined) return 0;
  return interpret({ outputs: [y], updates: [] }, { inputs: new Map([[x, array]]) })[0]?.data[0] as number;
}

/** The mean |cosine| of different rows. */
function meanCosine(rows: readonly (readonly number[])[]): number {
  let [sum, count] = [0, 0];
  rows.forEach((a, i) => {
    rows.forEach((b, j) => {
      if (i === j) return;
      const dot = a.reduce((total, value, k) => total + value * (b[k] as number), 0);
      sum += Math.abs(dot) / (Math.hypot(...a) * Math.hypot(...b));
      count++;
    });
  });
  return sum / count;
}

describe("regularizers", () => {
  const sizes = 7.5;
  const squares = 1 + 4 + 0.25 + 0.0625 + 0.5625 + 9;

  test.each<[string, RegularizerLike, number]>([
    ["l1", "l1", 0.01 * sizes],
    ["l1 of 0.5", l1(0.5), 0.5 * sizes],
    ["l2", "L2".toLowerCase(), 0.01 * squares],
    ["l1l2 has no penalty by default", "l1l2", 0],
    ["l1_l2", { name: "l1_l2", l1: 0.1, l2: 0.2 }, 0.1 * sizes + 0.2 * squares],
    ["none", null, 0],
  ])("%s", (_name, regularizer, wanted) => {
    expect(penalty(regularizer)).toBeCloseTo(wanted, 6);
  });

  test("orthogonalRegularizer takes the mean |cosine| of rows or columns", () => {
    const rows = [
      [1, -2],
      [0.5, 0.25],
      [-0.75, 3],
    ];
    const columns = [0, 1].map((column) => rows.map((row) => row[column] as number));
    expect(penalty(orthogonalRegularizer({ factor: 0.3 }))).toBeCloseTo(0.3 * meanCosine(rows) * 0.5 * 2, 6);
    expect(penalty({ name: "orthogonal_regularizer", mode: "columns" })).toBeCloseTo(0.01 * meanCosine(columns), 6);
    expect(() => penalty("orthogonalRegularizer", { shape: [2], data: Float32Array.of(1, 2) })).toThrow(ShapeError);
  });

  test("gradients", () => {
    for (const config of ["l1", "l2", { name: "l1l2", l1: 0.1, l2: 0.2 }, "orthogonalRegularizer"]) {
      checkGradients(JSON.stringify(config), ([x]) => [resolveRegularizer(config)?.penalty(x as never) as never], [W]);
    }
  });

  test("a vector of zeros has a finite gradient", () => {
    const zero: NdArray = { shape: [2, 2], data: Float32Array.of(0, 0, 1, 2) };
    expect(penalty("orthogonalRegularizer", zero)).toBeCloseTo(0, 12);
    const x = inputValue("w", zero.shape);
    const [gradient] = gradients(orthogonalRegularizer().penalty(x), [x]) as [Value];
    const [came] = interpret({ outputs: [gradient], updates: [] }, { inputs: new Map([[x, zero]]) });
    expect(Array.from(came?.data ?? [Number.NaN]).every(Number.isFinite)).toBe(true);
  });

  test("unknown names and bad numbers are errors", () => {
    expect(() => resolveRegularizer("l3")).toThrow(/unknown regularizer "l3"; expected one of l1, l2/);
    expect(() => l1(-1)).toThrow(/l1 is -1; expected a finite number/);
    expect(() => orthogonalRegularizer({ mode: "diagonal" as "rows" })).toThrow(/expected one of rows, columns/);
    expect(() => resolveConstraint("norm")).toThrow(/unknown constraint "norm"; expected one of maxNorm/);
    expect(() => resolveConstraint({ name: "min_max_norm", minValue: 2, maxValue: 1 })).toThrow(/minValue ≤ maxValue/);
    expect(() => dense({ units: 1, kernelRegularizer: "l3" })).toThrow(/unknown regularizer/);
  });

  test("are saved with the layer", () => {
    const options = {
      kernelRegularizer: { name: "l1l2", l1: 0.1, l2: 0.2 },
      kernelConstraint: "maxNorm",
      biasRegularizer: "l2",
      activityRegularizer: orthogonalRegularizer({ factor: 0.5, mode: "columns" }),
    };
    for (const layer of [
      dense({ units: 2, ...options }),
      lstm({ units: 2, ...options, recurrentConstraint: { name: "minMaxNorm", minValue: 0.5, axis: [0, 1] } }),
    ]) {
      const config = JSON.parse(JSON.stringify(layer.config)) as Record<string, unknown>;
      expect(config).toMatchObject({
        kernelRegularizer: { name: "l1l2", l1: 0.1, l2: 0.2 },
        kernelConstraint: { name: "maxNorm", maxValue: 2, axis: 0 },
        biasRegularizer: { name: "l2", l2: 0.01 },
        activityRegularizer: { name: "orthogonalRegularizer", factor: 0.5, mode: "columns" },
      });
      expect(layerFromConfig(layer.className, config, "again").config).toEqual(layer.config);
    }
  });
});
