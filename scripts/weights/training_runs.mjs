// The runs of scripts/weights_sha.mjs that vary optimizers, losses, metrics, activations or the options of `fit`.
import { array, ids, numbers, spread } from "./data.mjs";
import { BATCH, modelRun, rowRun } from "./model_run.mjs";

/** Each run uses one small model. */
export function trainingRuns(sluice) {
  return [...optimizerRuns(sluice), ...lossRuns(sluice), ...activationRuns(sluice), ...fitRuns(sluice)];
}

/** A small network of two layers, with odd sizes. */
function small({ sequential, dense }, name, { last = {}, y = (rows) => spread([rows, 3], 42), ...options }) {
  return modelRun(name, {
    make: (device) =>
      sequential([dense({ units: 5, activation: "tanh" }), dense({ units: 3, ...last })], {
        ...{ device, inputShape: [4], seed: 8 },
      }),
    x: (rows) => spread([rows, 4], 41),
    y,
    ...options,
  });
}

function optimizerRuns(sluice) {
  const { adadelta, adagrad, adam, adamW, adamax, cosineDecay, exponentialDecay } = sluice;
  const { ftrl, lion, nadam, rmsprop, sgd } = sluice;
  const halving = exponentialDecay({ initialLearningRate: 0.1, decaySteps: 2, decayRate: 0.5 });
  const cosine = cosineDecay({ initialLearningRate: 0.01, decaySteps: 5 });
  const table = {
    sgd: sgd(),
    "sgd, momentum": sgd({ momentum: 0.9 }),
    "sgd, nesterov": sgd({ momentum: 0.9, nesterov: true }),
    "sgd, schedule": sgd({ learningRate: halving }),
    rmsprop: rmsprop(),
    "rmsprop, centered": rmsprop({ centered: true }),
    "rmsprop, momentum": rmsprop({ momentum: 0.8 }),
    "rmsprop, centered, momentum": rmsprop({ centered: true, momentum: 0.8 }),
    adam: adam(),
    "adam, amsgrad": adam({ amsgrad: true, learningRate: 0.1 }),
    "adam, schedule": adam({ learningRate: cosine }),
    adamW: adamW({ weightDecay: 0.05 }),
    nadam: nadam(),
    adamax: adamax(),
    adagrad: adagrad(),
    adadelta: adadelta({ learningRate: 1 }),
    lion: lion(),
    ftrl: ftrl({ learningRate: 0.1 }),
    "ftrl, all options": ftrl({
      ...{ learningRate: 0.1, learningRatePower: -0.6, l1RegularizationStrength: 0.01, beta: 0.1 },
      ...{ l2RegularizationStrength: 0.02, l2ShrinkageRegularizationStrength: 0.03 },
    }),
    "sgd, clipnorm": sgd({ learningRate: 0.5, clipnorm: 0.05 }),
    "adam, globalClipnorm": adam({ globalClipnorm: 0.1 }),
    "rmsprop, clipvalue": rmsprop({ clipvalue: 0.01 }),
    "sgd, weight decay": sgd({ weightDecay: 0.1 }),
    "lion, weight decay": lion({ weightDecay: 0.1 }),
    "adam, average": adam({ useEma: true, emaMomentum: 0.8 }),
    "sgd, average, overwrites": sgd({ momentum: 0.5, useEma: true, emaMomentum: 0.8, emaOverwriteFrequency: 3 }),
    "nadam, everything": nadam({ weightDecay: 0.02, globalClipnorm: 0.5, useEma: true, emaOverwriteFrequency: 2 }),
  };
  return Object.entries(table).map(([name, optimizer]) =>
    small(sluice, `optimizer ${name}`, { compile: { optimizer }, fit: { epochs: 3 } }),
  );
}

const [softmax, sigmoid, softplus] = ["softmax", "sigmoid", "softplus"].map((activation) => ({ activation }));
const classes = (rows) => ids([rows], 3, 46);
const flags = (rows) => array([rows, 3], Float32Array.from(ids([rows, 3], 2, 44).data));
const positive = (rows) =>
  array(
    [rows, 3],
    numbers(rows * 3, 45).map((x) => (x + 1) / 2 + 0.01),
  );

function oneHot(rows) {
  const { data } = ids([rows], 3, 43);
  const at = (index) => Number(data[Math.floor(index / 3)] === index % 3);
  return array(
    [rows, 3],
    Float32Array.from({ length: rows * 3 }, (_, index) => at(index)),
  );
}

/** Each loss, with a suitable activation of the last layer, suitable targets, and options. */
const LOSSES = [
  ["binaryCrossentropy", sigmoid, flags],
  ["binaryCrossentropy", {}, flags, { fromLogits: true, labelSmoothing: 0.1 }],
  ["binaryFocalCrossentropy", sigmoid, flags, { applyClassBalancing: true }],
  ["categoricalCrossentropy", softmax, oneHot, { labelSmoothing: 0.1 }],
  ["categoricalCrossentropy", {}, oneHot, { fromLogits: true }],
  ["categoricalFocalCrossentropy", softmax, oneHot],
  ["sparseCategoricalCrossentropy", softmax, classes],
  ["sparseCategoricalCrossentropy", {}, classes, { fromLogits: true, ignoreClass: 1 }],
  ["meanSquaredError"],
  ["meanAbsoluteError"],
  ["meanAbsolutePercentageError", {}, positive],
  ["meanSquaredLogarithmicError", softplus, positive],
  ["huber", {}, undefined, { delta: 0.3 }],
  ["logCosh"],
  ["poisson", softplus, positive],
  ["klDivergence", softmax, positive],
  ["cosineSimilarity"],
  ["hinge", {}, flags],
  ["squaredHinge", {}, flags],
  ["categoricalHinge", softmax, oneHot],
  ["contrastive", sigmoid, flags, { margin: 0.7 }],
];

function lossRuns(sluice) {
  const { precisionAtRecall, sensitivityAtSpecificity, sparseTopKCategoricalAccuracy } = sluice;
  const counts = ["truePositives", "trueNegatives", "falsePositives", "falseNegatives"];
  const atValue = [precisionAtRecall({ recall: 0.5 }), sensitivityAtSpecificity({ specificity: 0.5 })];
  const withMetrics = (name, loss, metrics, options) =>
    small(sluice, `metrics of ${name}`, { compile: { loss, metrics }, ...options });
  return [
    ...LOSSES.map(([name, last, y, options = {}]) =>
      small(sluice, `loss ${[name, ...Object.keys(options)].join(", ")}`, {
        ...{ last, y, compile: { loss: { name, ...options } } },
      }),
    ),
    withMetrics(
      "flags",
      "binaryCrossentropy",
      ["accuracy", "precision", "recall", "auc", "f1Score", ...counts, ...atValue],
      { last: sigmoid, y: flags },
    ),
    withMetrics("numbers", "meanSquaredError", ["meanAbsoluteError", "rootMeanSquaredError", "r2Score"]),
    withMetrics("classes", "sparseCategoricalCrossentropy", ["accuracy", sparseTopKCategoricalAccuracy({ k: 2 })], {
      ...{ last: softmax, y: classes },
    }),
  ];
}

function activationRuns({ activation, dense, sequential }) {
  const names = [
    ...["linear", "relu", "sigmoid", "tanh", "softmax", "logSoftmax", "softplus", "softsign", "silu", "elu", "selu"],
    ...["exponential", "leakyRelu", "relu6", "gelu", "hardSigmoid", "hardSilu", "hardTanh", "hardShrink", "glu"],
    ...["softShrink", "tanhShrink", "logSigmoid", "mish", "sparsePlus", "sparseSigmoid", "sparsemax", "squareplus"],
    { name: "celu", alpha: 0.5 },
    { name: "gelu", approximate: true },
    { name: "relu", negativeSlope: 0.1, maxValue: 0.8, threshold: 0.2 },
    { name: "threshold", threshold: 0.1, defaultValue: -0.2 },
  ];
  return names.map((name) =>
    modelRun(`activation ${typeof name === "string" ? name : JSON.stringify(name)}`, {
      make: (device) => sequential([dense({ units: 6 }), activation(name)], { device, inputShape: [4], seed: 9 }),
      x: (rows) => spread([rows, 4], 51, name === "relu6" ? 30 : 5),
      y: (rows) => spread([rows, name === "glu" ? 3 : 6], 52),
      fit: { epochs: 1 },
      rows: BATCH,
    }),
  );
}

/** Runs with different options of `fit`. */
function fitRuns(sluice) {
  const layers = () => [sluice.dropout({ rate: 0.2 }), sluice.lstm({ units: 5 })];
  const row = (name, fit, options = {}) => rowRun(sluice, `fit, ${name}`, layers, { fit, ...options });
  return [
    row("micro batches", { batchSize: 9, microBatchSize: 4 }, { rows: 22 }),
    row("validation split", { validationSplit: 0.3 }, { compile: { metrics: ["meanAbsoluteError"] } }),
    row("sample weights", { sampleWeight: array([2 * BATCH], numbers(2 * BATCH, 61).map(Math.abs)) }),
    row("no shuffling, own seed", { shuffle: false, seed: 3 }),
    row(
      "class weights",
      { classWeight: { 0: 0.5, 1: 2 } },
      {
        y: (rows) => ids([rows], 2, 62),
        compile: { loss: { name: "sparseCategoricalCrossentropy", fromLogits: true } },
      },
    ),
  ];
}
