/** Losses by their definitions, with options, and their gradients, in the float64 interpreter. */

import { describe, expect, test } from "vitest";
import { whenLoaded } from "../../src/core/named.ts";
import type { ReferenceArray } from "../../src/graph/op.ts";
import {
  binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  categoricalHinge,
  contrastive,
  cosineSimilarity,
  gradients,
  hinge,
  huber,
  inputValue,
  interpret,
  klDivergence,
  type Loss,
  logCosh,
  meanAbsolutePercentageError,
  meanSquaredLogarithmicError,
  type NdArray,
  ops,
  poisson,
  sparseCategoricalCrossentropy,
  squaredHinge,
  type Value,
  ValueError,
} from "../../src/index.ts";
import { resolveLoss } from "../../src/nn/losses/index.ts";

type Rows = readonly (readonly number[])[];

const arrayOf = (rows: Rows): NdArray => ({
  shape: [rows.length, rows[0]?.length ?? 0],
  data: Float32Array.from(rows.flat()),
});

/** The loss of each row, and the gradient of their mean by yPred. */
function evaluate(
  loss: Loss,
  yTrue: Rows,
  yPred: NdArray | ReferenceArray,
): { rows: readonly number[]; gradient: readonly number[] } {
  const y = inputValue("yTrue", arrayOf(yTrue).shape);
  const p = inputValue("yPred", yPred.shape);
  const rows = loss.perSample(y, p);
  const inputs = new Map<Value, NdArray | ReferenceArray>([
    [y, arrayOf(yTrue)],
    [p, yPred],
  ]);
  const outputs = [rows, ...gradients(ops.mean(rows), [p])];
  const [values, gradient] = interpret({ outputs, updates: [] }, { inputs });
  return { rows: Array.from(values?.data ?? []), gradient: Array.from(gradient?.data ?? []) };
}

const { log, LN2 } = Math;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const entropy = (y: number, p: number) => -y * log(p) - (1 - y) * log(1 - p);

/** A loss, targets, outputs, and each row's loss by Keras's formula. */
const CASES: readonly (readonly [string, Loss, Rows, Rows, readonly number[]])[] = [
  ["binary cross-entropy", binaryCrossentropy(), [[1], [0]], [[0.75], [0.5]], [entropy(1, 0.75), LN2]],
  [
    "binary cross-entropy of logits, smoothed",
    binaryCrossentropy({ fromLogits: true, labelSmoothing: 0.2 }),
    [[1, 0]],
    [[0.5, -1]],
    [(entropy(0.9, sigmoid(0.5)) + entropy(0.1, sigmoid(-1))) / 2],
  ],
  [
    "binary focal cross-entropy",
    binaryFocalCrossentropy(),
    [[1], [0]],
    [[0.75], [0.75]],
    [0.25 ** 2 * entropy(1, 0.75), 0.75 ** 2 * entropy(0, 0.75)],
  ],
  [
    "binary focal cross-entropy, balanced, gamma 1.5, of logits",
    binaryFocalCrossentropy({ applyClassBalancing: true, alpha: 0.3, gamma: 1.5, fromLogits: true }),
    [[1], [0]],
    [[0.5], [0.5]],
    [0.3 * (1 - sigmoid(0.5)) ** 1.5 * entropy(1, sigmoid(0.5)), 0.7 * sigmoid(0.5) ** 1.5 * entropy(0, sigmoid(0.5))],
  ],
  [
    "categorical cross-entropy, smoothed; outputs are scaled to sum 1",
    categoricalCrossentropy({ labelSmoothing: 0.3 }),
    [[0, 1, 0]],
    [[0.2, 0.4, 0.2]],
    [-0.8 * log(0.5) - 0.2 * log(0.25)],
  ],
  [
    "categorical cross-entropy of logits",
    categoricalCrossentropy({ fromLogits: true }),
    [[0, 1]],
    [[0.5, 1]],
    [-log(Math.exp(1) / (Math.exp(0.5) + Math.exp(1)))],
  ],
  [
    "categorical focal cross-entropy",
    categoricalFocalCrossentropy({ alpha: 0.5, gamma: 3 }),
    [[0, 1, 0]],
    [[0.25, 0.5, 0.25]],
    [0.5 * 0.5 ** 3 * LN2],
  ],
  [
    "sparse categorical cross-entropy of logits",
    sparseCategoricalCrossentropy({ fromLogits: true }),
    [[1], [0]],
    [
      [0.5, 1],
      [0.5, 1],
    ],
    [log(1 + Math.exp(-0.5)), log(1 + Math.exp(0.5))],
  ],
  ["huber", huber({ delta: 0.5 }), [[0, 0]], [[0.25, 2]], [(0.5 * 0.0625 + (0.5 * 2 - 0.125)) / 2]],
  ["log cosh", logCosh(), [[1, 0]], [[0.5, 3]], [(log(Math.cosh(0.5)) + log(Math.cosh(3))) / 2]],
  ["percentage error", meanAbsolutePercentageError(), [[2, -4]], [[1, -5]], [37.5]],
  ["logarithmic error", meanSquaredLogarithmicError(), [[1, 0]], [[3, 1]], [(LN2 ** 2 + LN2 ** 2) / 2]],
  ["Poisson", poisson(), [[2, 0]], [[0.5, 0.25]], [(0.5 - 2 * log(0.5) + 0.25) / 2]],
  ["KL divergence", klDivergence(), [[0.5, 0.5]], [[0.25, 0.75]], [0.5 * log(2) + 0.5 * log(2 / 3)]],
  ["cosine", cosineSimilarity(), [[3, 4]], [[4, 3]], [-24 / 25]],
  ["cosine over the rows", cosineSimilarity({ axis: 0 }), [[3], [4]], [[4], [3]], [-24 / 25]],
  ["hinge", hinge(), [[1, -1]], [[0.25, 0.5]], [(0.75 + 1.5) / 2]],
  ["hinge of 0 and 1", hinge(), [[1, 0]], [[0.25, 0.5]], [(0.75 + 1.5) / 2]],
  ["squared hinge", squaredHinge(), [[1, -1]], [[0.25, 0.5]], [(0.75 ** 2 + 1.5 ** 2) / 2]],
  [
    "contrastive",
    contrastive({ margin: 0.75 }),
    [[1], [0], [0], [0.5]],
    [[0.5], [0.5], [0.125], [0.75]],
    [0.25, 0.0625, 0, 0.5 * 0.0625 + 0.5 * 0.25],
  ],
  ["categorical hinge", categoricalHinge(), [[0, 1, 0]], [[0.5, 0.25, 0.125]], [1.25]],
];

describe("losses", () => {
  test.each(CASES)("%s", (_, loss, yTrue, yPred, wanted) => {
    const { rows } = evaluate(loss, yTrue, arrayOf(yPred));
    expect(rows).toHaveLength(wanted.length);
    for (const [index, value] of wanted.entries()) expect(rows[index]).toBeCloseTo(value, 5);
  });

  test.each(CASES)("%s: the gradient is that of central differences", (_, loss, yTrue, yPred) => {
    const { shape, data } = arrayOf(yPred);
    const meanAt = (index: number, by: number) => {
      const moved = Float64Array.from(data);
      moved[index] = (moved[index] as number) + by;
      const { rows } = evaluate(loss, yTrue, { shape, data: moved });
      return rows.reduce((sum, row) => sum + row, 0) / rows.length;
    };
    const { gradient } = evaluate(loss, yTrue, { shape, data });
    for (const [index, came] of gradient.entries()) {
      expect(came).toBeCloseTo((meanAt(index, 1e-5) - meanAt(index, -1e-5)) / 2e-5, 5);
    }
  });

  test.each(CASES)("%s comes back from its data", async (_, loss, yTrue, yPred) => {
    const again = await whenLoaded(() => resolveLoss(JSON.parse(JSON.stringify(loss.config))));
    expect(evaluate(again, yTrue, arrayOf(yPred))).toEqual(evaluate(loss, yTrue, arrayOf(yPred)));
  });

  test.each([
    ["mean_squared_error", "meanSquaredError"],
    ["MSE", "meanSquaredError"],
    ["kld", "klDivergence"],
    ["KLDivergence", "klDivergence"],
    ["log_cosh", "logCosh"],
    ["msle", "meanSquaredLogarithmicError"],
    ["bce", "binaryCrossentropy"],
  ])("%s is %s", async (given, name) => {
    const loss = await whenLoaded(() => resolveLoss(given));
    expect(loss.config.name).toBe(name);
  });

  test.each([
    [() => resolveLoss("mean_square"), /unknown loss "mean_square"; expected one of binaryCrossentropy, .*, kld$/],
    [() => binaryCrossentropy({ labelSmoothing: 2 }), /labelSmoothing is 2; expected a number from 0 to 1/],
    [() => contrastive({ margin: 3 }), /margin is 3; expected 0 < margin ≤ 2/],
    [() => contrastive().checkTargets(arrayOf([[-1]]), [1, 1]), /contrastive: target 0 is -1/],
    [() => huber({ delta: 0 }), /delta is 0; expected a finite number above 0/],
    [() => hinge().checkTargets(arrayOf([[2]]), [1, 1]), /hinge: target 0 is 2; expected -1 ≤ y ≤ 1/],
  ])("%# is refused", (make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });
});
