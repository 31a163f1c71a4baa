/** Metrics by their definitions: weights, several batches, options; in the float64 interpreter. */

import { describe, expect, test } from "vitest";
import { whenLoaded } from "../../src/core/named.ts";
import {
  auc,
  binaryAccuracy,
  categoricalAccuracy,
  cosineSimilarityMetric,
  f1Score,
  falseNegatives,
  falsePositives,
  fBetaScore,
  inputValue,
  interpret,
  type Metric,
  type NdArray,
  precision,
  precisionAtRecall,
  r2Score,
  recall,
  recallAtPrecision,
  rootMeanSquaredError,
  ShapeError,
  sensitivityAtSpecificity,
  sparseTopKCategoricalAccuracy,
  specificityAtSensitivity,
  topKCategoricalAccuracy,
  trueNegatives,
  truePositives,
  type Value,
  ValueError,
} from "../../src/index.ts";
import { resolveLoss } from "../../src/nn/losses/index.ts";
import { resolveMetric } from "../../src/nn/metrics/index.ts";

type Rows = readonly (readonly number[])[];

interface Part {
  readonly yTrue: Rows;
  readonly yPred: Rows;
  readonly sampleWeight?: readonly number[];
}

const arrayOf = (rows: Rows): NdArray => ({
  shape: [rows.length, rows[0]?.length ?? 0],
  data: Float32Array.from(rows.flat()),
});

/** The result over batches: sums add up, as a step adds them. */
function resultOf(metric: Metric, ...parts: readonly Part[]): number | readonly number[] {
  let sums: Float64Array[] = [];
  let examples = 0;
  for (const { yTrue, yPred, sampleWeight } of parts) {
    const inputs = new Map<Value, NdArray>();
    const feed = (name: string, array: NdArray) => {
      const value = inputValue(name, array.shape);
      inputs.set(value, array);
      return value;
    };
    const update = metric.update({
      yTrue: feed("yTrue", arrayOf(yTrue)),
      yPred: feed("yPred", arrayOf(yPred)),
      ...(sampleWeight && {
        sampleWeight: feed("w", { shape: [sampleWeight.length], data: Float32Array.from(sampleWeight) }),
      }),
    });
    const added = interpret({ outputs: update, updates: [] }, { inputs });
    sums = added.map(({ data }, index) => Float64Array.from(data, (x, at) => x + (sums[index]?.[at] ?? 0)));
    examples += yTrue.length;
  }
  return metric.result(
    sums.map((sum) => Float32Array.from(sum)),
    examples,
  );
}

const binary = (yTrue: readonly number[], yPred: readonly number[], sampleWeight?: readonly number[]): Part => ({
  yTrue: yTrue.map((y) => [y]),
  yPred: yPred.map((p) => [p]),
  ...(sampleWeight && { sampleWeight }),
});

/** The examples in Keras's documentation of each metric, and some that bend: metric, parts, result. */
const CASES: readonly (readonly [string, Metric, readonly Part[], number | readonly number[]])[] = [
  ["binaryAccuracy", binaryAccuracy(), [binary([1, 1, 0, 0], [0.98, 1, 0, 0.6])], 0.75],
  ["binaryAccuracy, weighted", binaryAccuracy(), [binary([1, 1, 0, 0], [0.98, 1, 0, 0.6], [1, 0, 0, 1])], 0.5],
  ["binaryAccuracy, threshold", binaryAccuracy({ threshold: 0.7 }), [binary([1, 1, 0, 0], [0.98, 1, 0, 0.6])], 1],
  [
    "categoricalAccuracy, weighted",
    categoricalAccuracy(),
    [
      {
        yTrue: [
          [0, 0, 1],
          [0, 1, 0],
        ],
        yPred: [
          [0.1, 0.9, 0.8],
          [0.05, 0.95, 0],
        ],
        sampleWeight: [0.7, 0.3],
      },
    ],
    0.3,
  ],
  [
    "topK",
    topKCategoricalAccuracy({ k: 1 }),
    [
      {
        yTrue: [
          [0, 0, 1],
          [0, 1, 0],
        ],
        yPred: [
          [0.1, 0.9, 0.8],
          [0.05, 0.95, 0],
        ],
      },
    ],
    0.5,
  ],
  [
    "sparse topK",
    sparseTopKCategoricalAccuracy({ k: 2 }),
    [
      {
        yTrue: [[2], [0]],
        yPred: [
          [0.1, 0.9, 0.8],
          [0.05, 0.95, 0.1],
        ],
      },
    ],
    0.5,
  ],
  ["precision", precision(), [binary([0, 1, 1, 1], [1, 0, 1, 1])], 2 / 3],
  ["precision, weighted", precision(), [binary([0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0])], 1],
  ["precision of nothing positive", precision(), [binary([0, 1], [0, 0])], 0],
  [
    "precision, several thresholds",
    precision({ thresholds: [0.2, 0.8] }),
    [binary([0, 1, 1], [0.5, 0.9, 0.1])],
    [0.5, 1],
  ],
  ["precision of the largest", precision({ topK: 2 }), [{ yTrue: [[0, 0, 1, 1]], yPred: [[1, 1, 1, 1]] }], 0],
  [
    "precision of the largest over a threshold",
    precision({ topK: 4, thresholds: 0.5 }),
    [{ yTrue: [[0, 0, 1, 1]], yPred: [[0, 1, 1, 0.4]] }],
    0.5,
  ],
  [
    "precision of a class",
    precision({ classId: 1 }),
    [
      {
        yTrue: [
          [1, 0],
          [0, 1],
        ],
        yPred: [
          [0.9, 0.8],
          [0.1, 0.7],
        ],
      },
    ],
    0.5,
  ],
  ["recall", recall(), [binary([0, 1, 1, 1], [1, 0, 1, 1])], 2 / 3],
  ["recall, weighted", recall(), [binary([0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0])], 1],
  ["recall over batches", recall(), [binary([1, 1], [0.9, 0.2]), binary([1, 0, 1], [0.1, 0.9, 0.8])], 0.5],
  ["truePositives", truePositives(), [binary([0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0])], 1],
  ["trueNegatives", trueNegatives(), [binary([0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0])], 1],
  ["falsePositives", falsePositives(), [binary([0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0])], 1],
  ["falseNegatives", falseNegatives(), [binary([0, 1, 1, 1], [0, 1, 0, 0], [0, 0, 1, 0])], 1],
  ["auc of three points", auc({ numThresholds: 3 }), [binary([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])], 0.75],
  ["auc, weighted", auc({ numThresholds: 3 }), [binary([0, 0, 1, 1], [0, 0.5, 0.3, 0.9], [1, 0, 0, 1])], 1],
  ["auc at given points", auc({ thresholds: [0.5] }), [binary([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])], 0.75],
  ["auc without inner points", auc({ thresholds: [] }), [binary([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])], 0.5],
  // At 0.5: tp 1, fp 0; at 0: tp 2, fp 2. The first bucket has precision 1; the second slope 1/3 and intercept 2/3.
  [
    "auc of precision and recall",
    auc({ numThresholds: 3, curve: "PR" }),
    [binary([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])],
    0.5 + ((1 / 3) * (1 + (2 / 3) * Math.log(4))) / 2,
  ],
  [
    "auc, minoring",
    auc({ numThresholds: 3, summationMethod: "minoring" }),
    [binary([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])],
    0.5,
  ],
  [
    "auc, majoring",
    auc({ numThresholds: 3, summationMethod: "majoring" }),
    [binary([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])],
    1,
  ],
  ["auc of logits", auc({ fromLogits: true }), [binary([0, 1, 1], [-3, 1, 2])], 1],
  [
    "sensitivity at specificity",
    sensitivityAtSpecificity({ specificity: 0.5 }),
    [binary([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])],
    0.5,
  ],
  [
    "sensitivity at specificity, weighted",
    sensitivityAtSpecificity({ specificity: 0.5 }),
    [binary([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8], [1, 1, 2, 2, 1])],
    1 / 3,
  ],
  [
    "specificity at sensitivity",
    specificityAtSensitivity({ sensitivity: 0.5 }),
    [binary([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])],
    2 / 3,
  ],
  ["precision at recall", precisionAtRecall({ recall: 0.5 }), [binary([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])], 0.5],
  [
    "precision at recall, weighted",
    precisionAtRecall({ recall: 0.5 }),
    [binary([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8], [2, 2, 2, 1, 1])],
    1 / 3,
  ],
  ["recall at precision", recallAtPrecision({ precision: 0.8 }), [binary([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])], 0.5],
  [
    "recall at precision, weighted",
    recallAtPrecision({ precision: 0.8 }),
    [binary([0, 0, 1, 1], [0, 0.5, 0.3, 0.9], [1, 0, 0, 1])],
    1,
  ],
  ["recall at a precision that is not reached", recallAtPrecision({ precision: 1 }), [binary([1, 0], [0.4, 0.6])], 0],
  [
    "recall at precision, one threshold, one class",
    recallAtPrecision({ precision: 0.5, numThresholds: 1, classId: 1 }),
    [
      {
        yTrue: [
          [0, 1],
          [0, 1],
          [0, 0],
        ],
        yPred: [
          [0, 0.6],
          [0, 0.4],
          [0, 0.1],
        ],
      },
    ],
    0.5,
  ],
  [
    "f1Score",
    f1Score({ threshold: 0.5 }),
    [
      {
        yTrue: [
          [1, 1, 1],
          [1, 0, 0],
          [1, 1, 0],
        ],
        yPred: [
          [0.2, 0.6, 0.7],
          [0.2, 0.6, 0.6],
          [0.6, 0.8, 0],
        ],
      },
    ],
    [0.5, 0.8, 2 / 3],
  ],
  [
    "fBetaScore",
    fBetaScore({ beta: 2, threshold: 0.5 }),
    [
      {
        yTrue: [
          [1, 1, 1],
          [1, 0, 0],
          [1, 1, 0],
        ],
        yPred: [
          [0.2, 0.6, 0.7],
          [0.2, 0.6, 0.6],
          [0.6, 0.8, 0],
        ],
      },
    ],
    [0.3846154, 0.90909094, 0.8333334],
  ],
  [
    "f1Score, macro",
    f1Score({ threshold: 0.5, average: "macro" }),
    [
      {
        yTrue: [
          [1, 1, 1],
          [1, 0, 0],
          [1, 1, 0],
        ],
        yPred: [
          [0.2, 0.6, 0.7],
          [0.2, 0.6, 0.6],
          [0.6, 0.8, 0],
        ],
      },
    ],
    (0.5 + 0.8 + 2 / 3) / 3,
  ],
  [
    "f1Score, weighted",
    f1Score({ threshold: 0.5, average: "weighted" }),
    [
      {
        yTrue: [
          [1, 1, 1],
          [1, 0, 0],
          [1, 1, 0],
        ],
        yPred: [
          [0.2, 0.6, 0.7],
          [0.2, 0.6, 0.6],
          [0.6, 0.8, 0],
        ],
      },
    ],
    (3 * 0.5 + 2 * 0.8 + 2 / 3) / 6,
  ],
  [
    "f1Score, micro",
    f1Score({ threshold: 0.5, average: "micro" }),
    [
      {
        yTrue: [
          [1, 1, 1],
          [1, 0, 0],
          [1, 1, 0],
        ],
        yPred: [
          [0.2, 0.6, 0.7],
          [0.2, 0.6, 0.6],
          [0.6, 0.8, 0],
        ],
      },
    ],
    // tp 4, fp 2, fn 2.
    2 / 3,
  ],
  [
    "f1Score of the largest, none in a row of zeros",
    f1Score(),
    [
      {
        yTrue: [
          [1, 0],
          [0, 1],
          [1, 0],
        ],
        yPred: [
          [0.9, 0.1],
          [0.8, 0.2],
          [0, 0],
        ],
      },
    ],
    [0.5, 0],
  ],
  [
    "rootMeanSquaredError",
    rootMeanSquaredError(),
    [
      {
        yTrue: [
          [0, 1],
          [0, 0],
        ],
        yPred: [
          [1, 1],
          [0, 0],
        ],
      },
    ],
    0.5,
  ],
  [
    "rootMeanSquaredError, weighted",
    rootMeanSquaredError(),
    [
      {
        yTrue: [
          [0, 1],
          [0, 0],
        ],
        yPred: [
          [1, 1],
          [0, 0],
        ],
        sampleWeight: [1, 0],
      },
    ],
    Math.SQRT1_2,
  ],
  [
    "cosineSimilarity",
    cosineSimilarityMetric(),
    [
      {
        yTrue: [
          [0, 1],
          [1, 1],
        ],
        yPred: [
          [1, 0],
          [1, 1],
        ],
      },
    ],
    0.5,
  ],
  ["cosineSimilarity of 0", cosineSimilarityMetric(), [{ yTrue: [[0, 0]], yPred: [[1, 0]] }], 0],
  ["r2Score", r2Score(), [binary([1, 4, 3], [2, 4, 4])], 0.57142857],
  ["r2Score over batches", r2Score(), [binary([1, 4], [2, 4]), binary([3], [4])], 0.57142857],
  ["r2Score, adjusted", r2Score({ numRegressors: 1 }), [binary([1, 4, 3], [2, 4, 4])], 1 - (1 - 0.57142857) * 2],
  [
    "r2Score of each output",
    r2Score({ classAggregation: null }),
    [
      {
        yTrue: [
          [1, 0],
          [3, 4],
        ],
        yPred: [
          [1, 0],
          [3, 2],
        ],
      },
    ],
    [1, 0.5],
  ],
  [
    // Two examples are too few to adjust for a regressor.
    "r2Score of each output, not adjusted",
    r2Score({ classAggregation: null, numRegressors: 1 }),
    [
      {
        yTrue: [
          [1, 0],
          [3, 4],
        ],
        yPred: [
          [1, 0],
          [3, 2],
        ],
      },
    ],
    [1, 0.5],
  ],
  [
    // The scores of three examples, 0.37, −1.235 and −0.62: 1 − (1 − mean)·(3 − 1) / (3 − 1 − 1).
    "r2Score of three outputs, adjusted",
    r2Score({ numRegressors: 1 }),
    [
      {
        yTrue: [
          [0, 0, 1],
          [0, 1, 0],
          [1, 0, 0],
        ],
        yPred: [
          [0.4, 0.9, 1.6],
          [0.1, 1.2, 0.6],
          [1.5, 0.8, 0.6],
        ],
      },
    ],
    -1.99,
  ],
  [
    "r2Score by variance",
    r2Score({ classAggregation: "variance_weighted_average" }),
    [
      {
        yTrue: [
          [1, 0],
          [3, 4],
        ],
        yPred: [
          [1, 0],
          [3, 2],
        ],
      },
    ],
    (2 * 1 + 8 * 0.5) / 10,
  ],
];

const mse = resolveLoss("mse");

describe("metrics", () => {
  test.each(CASES)("%s", (_, metric, parts, wanted) => {
    const came = [resultOf(metric, ...parts)].flat();
    expect(came).toHaveLength([wanted].flat().length);
    for (const [index, value] of [wanted].flat().entries()) expect(came[index]).toBeCloseTo(value, 6);
  });

  test.each(CASES)("%s comes back from its data", async (_, metric, parts) => {
    const again = await whenLoaded(() => resolveMetric(JSON.parse(JSON.stringify(metric.config)), mse, 1));
    expect(again.name).toBe(metric.name);
    expect(resultOf(again, ...parts)).toEqual(resultOf(metric, ...parts));
  });

  test("a loss is a metric, weighted as Keras's metrics are: by the weights' sum", () => {
    const part = {
      yTrue: [
        [0, 0],
        [1, 1],
      ],
      yPred: [
        [1, 0],
        [1, 3],
      ],
    };
    const metric = resolveMetric("mae", mse, 1);
    expect(metric.name).toBe("mae");
    expect(resultOf(metric, part)).toBeCloseTo(0.75, 6);
    expect(resultOf(metric, { ...part, sampleWeight: [3, 1] })).toBeCloseTo((3 * 0.5 + 1) / 4, 6);
    expect(resolveMetric("mean_absolute_error", mse, 1).name).toBe("meanAbsoluteError");
    const smooth = resolveMetric({ id: "binaryCrossentropy", labelSmoothing: 0.2, name: "smooth" }, mse, 1);
    expect(smooth.name).toBe("smooth");
    expect(resultOf(smooth, binary([1], [0.25]))).toBeCloseTo(-0.9 * Math.log(0.25) - 0.1 * Math.log(0.75), 5);
  });

  test("accuracy is what the shapes of outputs and targets say, whatever the loss", () => {
    const one = binary([1], [0.8]);
    expect(resultOf(resolveMetric("accuracy", resolveLoss("binaryCrossentropy"), 1), one)).toBe(1);
    const row = { yTrue: [[0, 1, 0]], yPred: [[0.6, 0.9, 0.8]] };
    for (const loss of ["binaryCrossentropy", "meanSquaredError", "categoricalCrossentropy"]) {
      expect(resultOf(resolveMetric("accuracy", resolveLoss(loss), 3), row)).toBe(1);
    }
    const sparse = resolveMetric("acc", resolveLoss("sparseCategoricalCrossentropy"), 3);
    expect(resultOf(sparse, { yTrue: [[2]], yPred: [[0.1, 0.2, 0.7]] })).toBe(1);
    expect(sparse.name).toBe("acc");
  });

  test("means leave out what the mask does, with weights and without; counts and roots do not, as in Keras", () => {
    // [B 2, T 2, 1]: errors 1, 2 and 4, 8; the mask leaves 1, 2 and 4.
    const [yTrue, yPred] = [inputValue("y", [2, 2, 1]), inputValue("p", [2, 2, 1])];
    const [mask, sampleWeight] = [inputValue("mask", [2, 2], "bool"), inputValue("w", [2])];
    const inputs = new Map<Value, NdArray>([
      [yTrue, { shape: [2, 2, 1], data: new Float32Array(4) }],
      [yPred, { shape: [2, 2, 1], data: Float32Array.of(1, 2, 4, 8) }],
      [mask, { shape: [2, 2], data: Int32Array.of(1, 1, 1, 0) }],
      [sampleWeight, { shape: [2], data: Float32Array.of(1, 3) }],
    ]);
    const result = (metric: Metric, weight?: Value) => {
      const update = metric.update({ yTrue, yPred, mask, sampleWeight: weight });
      const sums = interpret({ outputs: update, updates: [] }, { inputs });
      return metric.result(
        sums.map(({ data }) => Float32Array.from(data)),
        2,
      );
    };
    expect(result(resolveMetric("mae", mse, 1))).toBeCloseTo((1 + 2 + 4) / 3, 6);
    expect(result(resolveMetric("mae", mse, 1), sampleWeight)).toBeCloseTo((1 + 2 + 3 * 4) / (1 + 1 + 3), 6);
    expect(result(rootMeanSquaredError())).toBeCloseTo(Math.sqrt((1 + 4 + 16 + 64) / 4), 6);
    expect(result(falsePositives())).toBe(4);
  });

  test.each([
    [
      () => resolveMetric("acuracy", mse, 1),
      /unknown metric "acuracy"; expected accuracy, one of binaryAccuracy, .*or the name of a loss/,
    ],
    [() => precision({ thresholds: 2 }), /precision: thresholds is 2; expected a number from 0 to 1/],
    [() => precision({ topK: 0 }), /topK is 0/],
    [() => auc({ numThresholds: 1 }), /numThresholds is 1/],
    [() => topKCategoricalAccuracy({ k: 1.5 }), /k is 1.5/],
    [() => fBetaScore({ beta: 0 }), /beta is 0/],
  ])("%# is refused", (make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });

  test("shapes that do not fit are named", () => {
    const yTrue = inputValue("y", [4, 3, 2]);
    expect(() => f1Score().update({ yTrue, yPred: yTrue })).toThrow(ShapeError);
    expect(() => r2Score().update({ yTrue, yPred: yTrue })).toThrow(/the output is \[4, 3, 2\]; expected \[B, C\]/);
    const flat = inputValue("y", [4, 2]);
    expect(() => recall({ classId: 2 }).update({ yTrue: flat, yPred: flat })).toThrow(/classId 2 is not among the 2/);
  });
});

test("a class that is not counted takes its weight along", () => {
  const loss = resolveLoss({ name: "sparseCategoricalCrossentropy", ignoreClass: 0 });
  const metric = resolveMetric({ id: "sparseCategoricalCrossentropy", ignoreClass: 0 }, loss, 3);
  const probabilities = [
    [0.8, 0.1, 0.1],
    [0.05, 0.95, 0],
    [0.1, 0.8, 0.1],
  ];
  const yTrue = { shape: [3], data: Float32Array.of(0, 1, 2) };
  const weight = { shape: [3], data: Float32Array.of(0.5, 1.5, 2) };
  expect(weighted(metric, yTrue, arrayOf(probabilities), weight)).toBeCloseTo(1.3377, 4);
});

test("the weights of binaryAccuracy may be those of each output", () => {
  const yTrue = [
    [1, 0],
    [1, 1],
    [0, 0],
  ];
  const yPred = [
    [0.9, 0.8],
    [0.2, 0.7],
    [0.1, 0.6],
  ];
  const weight = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  // Right are those that weigh 1, 4 and 5.
  expect(weighted(binaryAccuracy(), arrayOf(yTrue), arrayOf(yPred), arrayOf(weight))).toBeCloseTo(10 / 21, 6);
});

test("weights of more axes than a metric's values are refused", () => {
  const rows = arrayOf([
    [0.9, 0.1],
    [0.2, 0.8],
  ]);
  expect(() => weighted(categoricalAccuracy(), rows, rows, rows)).toThrow(ShapeError);
});

/** The result of one batch with weights of any shape. */
function weighted(metric: Metric, yTrue: NdArray, yPred: NdArray, sampleWeight: NdArray) {
  const arrays = { yTrue, yPred, sampleWeight };
  const [y, p, w] = Object.entries(arrays).map(([name, { shape }]) => inputValue(name, shape)) as [Value, Value, Value];
  const inputs = new Map([
    [y, yTrue],
    [p, yPred],
    [w, sampleWeight],
  ]);
  const update = metric.update({ yTrue: y, yPred: p, sampleWeight: w });
  const sums = interpret({ outputs: update, updates: [] }, { inputs }).map(({ data }) => Float32Array.from(data));
  return metric.result(sums, yTrue.shape[0] ?? 0);
}
