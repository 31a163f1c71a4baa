/** Every activation by its name and with options: on the GPU against float64, and its gradients. */
import { ops, type Value } from "../../../src/index.ts";
import { ACTIVATIONS } from "../../../src/nn/activations/functions.ts";
import { type ActivationLike, resolveActivation } from "../../../src/nn/activations/index.ts";
import { given, normal, type OpCase } from "./op_case.ts";

const WITH_OPTIONS: readonly ActivationLike[] = [
  { name: "relu", negativeSlope: 0.3, maxValue: 1.5, threshold: 0.4 },
  { name: "relu", maxValue: 1 },
  { name: "softmax", axis: 1 },
  { name: "logSoftmax", axis: 0 },
  { name: "elu", alpha: 0.7 },
  { name: "celu", alpha: 2.5 },
  { name: "leakyRelu", negativeSlope: 0.05 },
  { name: "gelu", approximate: true },
  { name: "glu", axis: 1 },
  { name: "hardShrink", threshold: 0.2 },
  { name: "softShrink", threshold: 0.9 },
  { name: "squareplus", b: 0.5 },
  { name: "threshold", threshold: 0.3, defaultValue: -2 },
];

/** The activation's name, with its options if it has any. */
export function labelOf(activation: ActivationLike): string {
  return typeof activation === "string" ? activation : JSON.stringify(activation);
}

/** Each activation with its defaults, then those with options. */
export const ACTIVATION_EXAMPLES: readonly ActivationLike[] = [
  ...(Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[]).filter((name) => name !== "threshold"),
  ...WITH_OPTIONS,
];

const EXTREMES = [-80, -20, -6, -3.5, -0.45, -1e-3, 1e-3, 0.45, 3.5, 6, 20, 80];

function elementwise(op: string, build: (x: Value) => Value): OpCase[] {
  return [
    { op, name: "[7, 9]", inputs: [normal([7, 9], 2)], build: ([x]) => [build(x as Value)] },
    { op, name: "small", inputs: [normal([65], 0.05)], build: ([x]) => [build(x as Value)] },
    {
      op,
      name: "extremes",
      inputs: [given([8], [-20, -5, -3, -1e-3, 0, 1e-3, 3, 5])],
      build: ([x]) => [build(x as Value)],
    },
  ];
}

/** erf, expm1 and the activations. */
export const activationCases: readonly OpCase[] = [
  ...elementwise("erf", ops.erf),
  ...elementwise("expm1", ops.expm1),
  ...ACTIVATION_EXAMPLES.map(
    (activation): OpCase => ({
      op: "activation",
      name: labelOf(activation),
      inputs: [normal([3, 6, 4], 2)],
      build: ([x]) => [resolveActivation(activation).apply(x as Value)],
    }),
  ),
  ...ACTIVATION_EXAMPLES.filter((activation) => activation !== "exponential").map(
    (activation): OpCase => ({
      op: "activation at extremes",
      name: labelOf(activation),
      inputs: [given([1, EXTREMES.length], EXTREMES)],
      build: ([x]) => [resolveActivation(activation).apply(x as Value)],
    }),
  ),
];
