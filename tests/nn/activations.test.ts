/**
 * The activations' values against formulas written down apart from them, in float64; constants of a graph are float32.
 */
import { describe, expect, test } from "vitest";
import { dense, inputValue, interpret, program, ValueError } from "../../src/index.ts";
import { ACTIVATIONS } from "../../src/nn/activations/functions.ts";
import { type ActivationLike, resolveActivation } from "../../src/nn/activations/index.ts";
import { layerFromConfig } from "../../src/nn/layers/index.ts";
import { testDevice } from "../support/device.ts";

const X = [-30, -4, -3, -2.3, -1, -0.6, -0.5, -0.2, -1e-4, 0, 1e-4, 0.3, 0.5, 0.9, 1, 2.2, 3, 6.5, 30];

function apply(activation: ActivationLike, data: readonly number[], shape: readonly number[] = [data.length]) {
  const x = inputValue("x", shape);
  const y = resolveActivation(activation).apply(x);
  const inputs = new Map([[x, { shape, data: Float64Array.from(data) }]]);
  return Array.from(interpret({ outputs: [y], updates: [] }, { inputs })[0]?.data ?? []);
}

const sigma = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const elu = (x: number, alpha: number) => (x > 0 ? x : alpha * Math.expm1(x));

/** Φ(x) by the trapezoid rule: nothing of the formula under test is in it. */
function normalCdf(x: number): number {
  const [steps, from] = [400_000, -12];
  if (x <= from) return 0;
  const width = (x - from) / steps;
  let sum = 0;
  for (let step = 0; step <= steps; step++) {
    const t = from + step * width;
    sum += Math.exp((-t * t) / 2) * (step === 0 || step === steps ? 0.5 : 1);
  }
  return (sum * width) / Math.sqrt(2 * Math.PI);
}

const FORMULAS: readonly (readonly [ActivationLike, (x: number) => number])[] = [
  ["linear", (x) => x],
  ["relu", (x) => Math.max(x, 0)],
  [{ name: "relu", negativeSlope: 0.5 }, (x) => (x > 0 ? x : 0.5 * x)],
  [{ name: "relu", threshold: 0.4 }, (x) => (x > 0.4 ? x : 0)],
  [
    { name: "relu", negativeSlope: 0.1, maxValue: 2, threshold: 0.4 },
    (x) => (x > 0.4 ? Math.min(x, 2) : 0.1 * (x - 0.4)),
  ],
  ["sigmoid", sigma],
  ["tanh", Math.tanh],
  ["softplus", softplus],
  ["softsign", (x) => x / (1 + Math.abs(x))],
  ["silu", (x) => x * sigma(x)],
  ["swish", (x) => x * sigma(x)],
  ["elu", (x) => elu(x, 1)],
  [{ name: "elu", alpha: 0.3 }, (x) => elu(x, 0.3)],
  ["selu", (x) => 1.0507009873554805 * elu(x, 1.6732632423543772)],
  ["celu", (x) => elu(x, 1)],
  [{ name: "celu", alpha: 2 }, (x) => (x > 0 ? x : 2 * Math.expm1(x / 2))],
  ["exponential", Math.exp],
  ["leaky_relu", (x) => (x > 0 ? x : 0.2 * x)],
  ["relu6", (x) => Math.min(6, Math.max(0, x))],
  ["gelu", (x) => x * normalCdf(x)],
  [
    { name: "gelu", approximate: true },
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
  ["hard_sigmoid", (x) => (x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5)],
  ["hardSilu", (x) => (x < -3 ? 0 : x > 3 ? x : (x * (x + 3)) / 6)],
  ["hard_swish", (x) => (x < -3 ? 0 : x > 3 ? x : (x * (x + 3)) / 6)],
  ["hardTanh", (x) => Math.max(-1, Math.min(1, x))],
  ["hardShrink", (x) => (Math.abs(x) > 0.5 ? x : 0)],
  ["softShrink", (x) => (x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0)],
  ["tanhShrink", (x) => x - Math.tanh(x)],
  ["logSigmoid", (x) => -softplus(-x)],
  ["mish", (x) => x * Math.tanh(softplus(x))],
  ["sparsePlus", (x) => (x <= -1 ? 0 : x >= 1 ? x : (x + 1) ** 2 / 4)],
  ["sparseSigmoid", (x) => (x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2)],
  ["squareplus", (x) => (x + Math.sqrt(x * x + 4)) / 2],
  [{ name: "threshold", threshold: 0.4, defaultValue: 7 }, (x) => (x > 0.4 ? x : 7)],
];

describe("activations", () => {
  for (const [activation, formula] of FORMULAS) {
    test(JSON.stringify(activation), () => {
      apply(activation, X).forEach((y, index) => {
        const wanted = formula(X[index] as number);
        expect(Math.abs(y - wanted), `at ${X[index]}: ${y}, expected ${wanted}`).toBeLessThan(
          3e-7 * (1 + Math.abs(wanted)),
        );
      });
    });
  }

  test("each one is tested here or with its row", () => {
    const rows = ["softmax", "logSoftmax", "glu", "sparsemax"];
    const tested = FORMULAS.map(([activation]) => resolveActivation(activation).name);
    expect(new Set([...tested, ...rows])).toEqual(new Set(Object.keys(ACTIVATIONS)));
  });

  test("softmax and its logarithm along any axis", () => {
    const x = [1, 2, 0, -1, 3, 5];
    const column = (a: number, b: number) => Math.exp(a) / (Math.exp(a) + Math.exp(b));
    const wanted = [column(1, -1), column(2, 3), column(0, 5), column(-1, 1), column(3, 2), column(5, 0)];
    const close = (came: readonly number[], expected: readonly number[]) =>
      came.forEach((y, index) => {
        expect(y).toBeCloseTo(expected[index] as number, 12);
      });
    close(apply({ name: "softmax", axis: 0 }, x, [2, 3]), wanted);
    close(
      apply({ name: "log_softmax", axis: 0 }, x, [2, 3]),
      wanted.map((p) => Math.log(p)),
    );
    close(apply("softmax", [0, Math.log(3)]), [0.25, 0.75]);
  });

  test("silu of large numbers, on the GPU, is 0 or the number", async () => {
    const silu = program(await testDevice(), (x) => resolveActivation("silu").apply(x));
    const { data } = await silu([-1e38, -1000, -100, -87, 0, 100, 1e38]);
    expect(Array.from(data.subarray(0, 3), Math.abs)).toEqual([0, 0, 0]);
    expect(Math.abs(data[3] as number)).toBeLessThan(2e-36);
    expect(Array.from(data.subarray(4))).toEqual([0, 100, Math.fround(1e38)]);
  });

  test("glu halves an axis", () => {
    expect(apply("glu", [1, 2, 0, 0], [1, 4])).toEqual([0.5, 1]);
    expect(resolveActivation("glu").outputShape([5, 4])).toEqual([5, 2]);
    expect(() => resolveActivation("glu").outputShape([3])).toThrow(ValueError);
    const layer = dense({ units: 6, activation: "glu" });
    expect(layer.outputShape([4])).toEqual([3]);
  });

  test("sparsemax is the nearest point of the simplex", () => {
    expect(apply("sparsemax", [0.1, 0.1])).toEqual([0.5, 0.5]);
    expect(apply("sparsemax", [2, 0, -1]).map(Math.abs)).toEqual([1, 0, 0]);
    // Support of two: the threshold is (0.9 + 0.5 − 1) / 2.
    apply("sparsemax", [0.9, 0.5, -0.4]).forEach((y, index) => {
      expect(y).toBeCloseTo([0.7, 0.3, 0][index] as number, 12);
    });
  });

  test("unknown names and options are errors that list what there is", () => {
    expect(() => resolveActivation("rellu" as "relu")).toThrow(/unknown activation "rellu".*leakyRelu/);
    expect(() => resolveActivation({ name: "elu", alpa: 1 })).toThrow(/no option "alpa"; it has alpha/);
    expect(() => resolveActivation({ name: "elu", alpha: "1" })).toThrow(/alpha is "1"; expected a number/);
    expect(() => resolveActivation({ name: "gelu", approximate: 1 })).toThrow(/expected a boolean/);
    expect(() => apply("threshold", [1])).toThrow(/has no defaults/);
  });

  test("options survive being saved", () => {
    const layer = dense({ units: 3, activation: { name: "leaky_relu", negativeSlope: 0.01 } });
    const config = JSON.parse(JSON.stringify(layer.config)) as Record<string, unknown>;
    expect(config.activation).toEqual({ name: "leakyRelu", negativeSlope: 0.01 });
    expect(layerFromConfig("Dense", config, "d").config).toEqual(layer.config);
    expect(dense({ units: 3, activation: "hard_sigmoid" }).config.activation).toBe("hardSigmoid");
  });
});
