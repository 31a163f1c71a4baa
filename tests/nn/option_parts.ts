/**
 * Everything that takes options which a saved model keeps: how to make a model with it, and valid values for all its
 * options.
 */
import * as sluice from "../../src/index.ts";

/** Options as nobody's compiler looked at them. */
export type Options = Readonly<Record<string, unknown>>;

/** One thing with options. */
export interface Part {
  readonly name: string;
  /** A value for each option that there is. */
  readonly valid: Options;
  /** A model with it. */
  readonly make: (device: sluice.Device, options: Options) => sluice.Model<never>;
}

type Layer = sluice.Layer;
type Factory = (options: never) => Layer;

const base: Options = { name: "mine", trainable: false, activityRegularizer: "l2" };
const weight = (prefix: string, initializer: unknown = "ones"): Options => ({
  [`${prefix}Initializer`]: initializer,
  [`${prefix}Regularizer`]: { name: "l1", l1: 0.1 },
  [`${prefix}Constraint`]: "nonNeg",
});
const weights = (...prefixes: readonly string[]): Options => Object.assign({}, ...prefixes.map((each) => weight(each)));

/** A layer on one input of this shape. */
function layer(name: string, factory: Factory, shape: readonly number[], valid: Options): Part {
  const make: Part["make"] = (device, options) =>
    sluice.sequential([factory(options as never)], { device, inputShape: shape }) as never;
  return { name, valid: { ...valid, ...base }, make };
}

/** A layer that joins two inputs. */
function joining(name: string, factory: Factory, valid: Options): Part {
  const make: Part["make"] = (device, options) => {
    const inputs = [sluice.input({ shape: [4, 3] }), sluice.input({ shape: [4, 3] })];
    const outputs = factory(options as never).call(inputs);
    return sluice.model({ inputs, outputs, device }) as never;
  };
  return { name, valid: { ...valid, ...base }, make };
}

/** A recurrent layer: its call may give states. */
function recurrent(name: string, factory: Factory, valid: Options): Part {
  const make: Part["make"] = (device, options) => {
    const inputs = sluice.input({ shape: [4, 3] });
    const outputs: unknown = factory(options as never).call(inputs);
    return sluice.model({ inputs, outputs: outputs as never, device }) as never;
  };
  return { name, valid: { ...valid, ...base }, make };
}

/** A layer around another, which is a new one each time unless the options have one. */
function around(option: string, factory: (options: never) => Layer, inner: () => Layer): Factory {
  return (options: Options) => factory({ ...options, [option]: options[option] ?? inner() } as never);
}

const dense = () => sluice.dense({ units: 2, trainable: false });

const cell: Options = {
  units: 2,
  activation: "relu",
  useBias: false,
  dropout: 0.1,
  recurrentDropout: 0.2,
  seed: 4,
  ...weights("kernel", "recurrent", "bias"),
};
const gated: Options = { ...cell, recurrentActivation: { name: "leakyRelu", negativeSlope: 0.1 } };
const sequence: Options = {
  returnSequences: true,
  returnState: true,
  goBackwards: true,
  stateful: true,
  zeroOutputForMask: true,
};
const inCell = (name: string, factory: (options: never) => sluice.RnnCell, valid: Options): Part => ({
  name,
  valid: { ...valid, name: "mine" },
  make: (device, options) =>
    sluice.sequential([sluice.rnn({ cell: factory(options as never) })], { device, inputShape: [4, 3] }) as never,
});
const noise: Options = { seed: 3 };
const normalization: Options = { epsilon: 0.01, center: true, scale: true, ...weights("beta", "gamma") };
const shared: Options = { dropout: 0.2, seed: 3, useCausalMask: true };
const channels: Options = { dataFormat: "channels_last" };

const LAYERS: readonly Part[] = [
  layer("activation", ({ activation, ...rest }: { activation: never }) => sluice.activation(activation, rest), [4], {
    activation: "gelu",
  }),
  layer("relu", sluice.relu, [4], { maxValue: 3, negativeSlope: 0.1, threshold: 0.5 }),
  layer("leakyRelu", sluice.leakyRelu, [4], { negativeSlope: 0.2 }),
  layer("elu", sluice.elu, [4], { alpha: 0.5 }),
  layer("softmax", sluice.softmax, [4, 3], { axis: 1 }),
  layer("prelu", sluice.prelu, [4, 3], { sharedAxes: [1], ...weights("alpha") }),
  layer("dense", sluice.dense, [4], { units: 3, activation: "mish", useBias: false, ...weights("kernel", "bias") }),
  layer("embedding", sluice.embedding, [4], {
    inputDim: 5,
    outputDim: 2,
    maskZero: true,
    weights: Array.from({ length: 5 }, () => [1, 2]),
    ...weights("embeddings"),
  }),
  layer("masking", sluice.masking, [4, 3], { maskValue: 1 }),
  layer("dropout", sluice.dropout, [4], { rate: 0.3, noiseShape: [null, 1], ...noise }),
  layer("spatialDropout1d", sluice.spatialDropout1d, [4, 3], { rate: 0.3, ...noise }),
  layer("gaussianNoise", sluice.gaussianNoise, [4], { stddev: 0.3, ...noise }),
  layer("gaussianDropout", sluice.gaussianDropout, [4], { rate: 0.3, ...noise }),
  layer("alphaDropout", sluice.alphaDropout, [4], { rate: 0.3, noiseShape: [null, 1], ...noise }),
  layer("layerNormalization", sluice.layerNormalization, [4, 3], { axis: [1, 2], rmsScaling: false, ...normalization }),
  layer("batchNormalization", sluice.batchNormalization, [4, 3], {
    axis: 1,
    momentum: 0.5,
    movingMeanInitializer: "ones",
    movingVarianceInitializer: "zeros",
    ...normalization,
  }),
  layer("conv1d", sluice.conv1d, [6, 4], {
    filters: 4,
    kernelSize: [3],
    strides: 1,
    padding: "causal",
    dilationRate: 2,
    groups: 2,
    activation: "relu",
    useBias: true,
    ...channels,
    ...weights("kernel", "bias"),
  }),
  layer("maxPooling1d", sluice.maxPooling1d, [6, 2], { poolSize: 3, strides: 2, padding: "same", ...channels }),
  layer("averagePooling1d", sluice.averagePooling1d, [6, 2], {
    poolSize: 2,
    strides: [1],
    padding: "valid",
    ...channels,
  }),
  layer("globalAveragePooling1d", sluice.globalAveragePooling1d, [4, 3], { keepdims: true, ...channels }),
  layer("globalMaxPooling1d", sluice.globalMaxPooling1d, [4, 3], { keepdims: true, ...channels }),
  layer("flatten", sluice.flatten, [4, 3], { ...channels }),
  layer("reshape", sluice.reshape, [4, 3], { targetShape: [2, -1] }),
  layer("permute", sluice.permute, [4, 3], { dims: [2, 1] }),
  layer("repeatVector", sluice.repeatVector, [4], { n: 3 }),
  layer("cropping1d", sluice.cropping1d, [6, 3], { cropping: [1, 2] }),
  layer("zeroPadding1d", sluice.zeroPadding1d, [4, 3], { padding: 2, ...channels }),
  layer("upSampling1d", sluice.upSampling1d, [4, 3], { size: 3 }),
  layer("timeDistributed", around("layer", sluice.timeDistributed, dense), [4, 3], { layer: undefined }),
  joining("add", sluice.add, {}),
  joining("subtract", sluice.subtract, {}),
  joining("multiply", sluice.multiply, {}),
  joining("average", sluice.average, {}),
  joining("maximum", sluice.maximum, {}),
  joining("minimum", sluice.minimum, {}),
  joining("concatenate", sluice.concatenate, { axis: 1 }),
  joining("dot", sluice.dot, { axes: [2, 2], normalize: true }),
  joining("attention", sluice.attention, { useScale: true, scoreMode: "concat", ...shared }),
  joining("additiveAttention", sluice.additiveAttention, { useScale: false, ...shared }),
  joining("multiHeadAttention", sluice.multiHeadAttention, {
    numHeads: 2,
    keyDim: 2,
    valueDim: 3,
    useBias: true,
    outputShape: [5],
    ...shared,
    ...weights("kernel", "bias"),
  }),
  recurrent("lstm", sluice.lstm, { unitForgetBias: false, ...gated, ...sequence }),
  recurrent("gru", sluice.gru, { resetAfter: false, ...gated, ...sequence }),
  recurrent("simpleRnn", sluice.simpleRnn, { ...cell, ...sequence }),
  recurrent(
    "rnn",
    around("cell", sluice.rnn, () => sluice.gruCell({ units: 2 })),
    { cell: undefined, ...sequence },
  ),
  recurrent(
    "bidirectional",
    around("layer", sluice.bidirectional, () => sluice.lstm({ units: 2 })),
    {
      layer: undefined,
      backwardLayer: undefined,
      mergeMode: "sum",
    },
  ),
  inCell("lstmCell", sluice.lstmCell, { unitForgetBias: false, ...gated }),
  inCell("peepholeLstmCell", sluice.peepholeLstmCell, { unitForgetBias: true, ...gated, ...weights("peephole") }),
  inCell("gruCell", sluice.gruCell, { resetAfter: false, ...gated }),
  inCell("simpleRnnCell", sluice.simpleRnnCell, cell),
  {
    name: "stackedRnnCells",
    valid: { name: "stack" },
    make: (device, options) => {
      const cells = [sluice.lstmCell({ units: 2, name: "low" }), sluice.gruCell({ units: 3 })];
      const stacked = sluice.stackedRnnCells(cells, options as never);
      return sluice.sequential([sluice.rnn({ cell: stacked })], { device, inputShape: [4, 3] }) as never;
    },
  },
  {
    name: "input",
    valid: { shape: [4], dtype: "int32", name: "ids" },
    make: (device, options) => {
      const inputs = sluice.input(options as never);
      return sluice.model({ inputs, outputs: sluice.flatten().call(inputs), device }) as never;
    },
  },
  {
    name: "sequential",
    valid: { inputShape: [3], seed: 4, name: "net" },
    make: (device, options) =>
      sluice.sequential([sluice.dense({ units: 1 })], { ...options, device } as never) as never,
  },
  {
    name: "sequential inside another",
    valid: { seed: 4, name: "net" },
    make: (device, options) => {
      const inner = sluice.sequential([sluice.dense({ units: 1 })], { inputShape: [3], ...options } as never);
      return sluice.sequential([inner, sluice.dense({ units: 2 })], { device, inputShape: [3] }) as never;
    },
  },
  {
    name: "model",
    valid: { seed: 4, name: "net" },
    make: (device, options) => {
      const inputs = sluice.input({ shape: [3] });
      const outputs = sluice.dense({ units: 1 }).call(inputs);
      return sluice.model({ ...options, inputs, outputs, device } as never) as never;
    },
  },
];

/** A dense layer with a part of weights that is made by name. */
const ofWeights = (kind: "Initializer" | "Regularizer" | "Constraint", name: string, valid: Options = {}): Part => ({
  name: `${name}, a ${kind.toLowerCase()}`,
  valid,
  make: (device, options) =>
    sluice.sequential([sluice.dense({ units: 2, [`kernel${kind}`]: { ...options, name } } as never)], {
      device,
      inputShape: [3],
    }) as never,
});

const WEIGHTS: readonly Part[] = [
  ...["zeros", "ones"].map((name) => ofWeights("Initializer", name)),
  ofWeights("Initializer", "constant", { value: 0.5 }),
  ofWeights("Initializer", "identity", { gain: 2 }),
  ofWeights("Initializer", "randomUniform", { minval: -1, maxval: 1, seed: 3 }),
  ...["randomNormal", "truncatedNormal"].map((name) => ofWeights("Initializer", name, { mean: 1, stddev: 2, seed: 3 })),
  ofWeights("Initializer", "varianceScaling", { scale: 2, mode: "fan_out", distribution: "uniform", seed: 3 }),
  ...["glorotUniform", "glorotNormal", "heUniform", "heNormal", "lecunUniform", "lecunNormal"].map((name) =>
    ofWeights("Initializer", name, { seed: 3 }),
  ),
  ofWeights("Initializer", "orthogonal", { gain: 2, seed: 3 }),
  ofWeights("Regularizer", "l1", { l1: 0.1 }),
  ofWeights("Regularizer", "l2", { l2: 0.1 }),
  ofWeights("Regularizer", "l1l2", { l1: 0.1, l2: 0.2 }),
  ofWeights("Regularizer", "orthogonalRegularizer", { factor: 0.1, mode: "columns" }),
  ofWeights("Constraint", "maxNorm", { maxValue: 3, axis: [0] }),
  ofWeights("Constraint", "minMaxNorm", { minValue: 1, maxValue: 3, rate: 0.5, axis: 0 }),
  ofWeights("Constraint", "nonNeg"),
  ofWeights("Constraint", "unitNorm", { axis: 1 }),
];

/** A dense model compiled with what the options make. */
const compiled = (name: string, valid: Options, asked: (options: Options) => Options): Part => ({
  name,
  valid,
  make: (device, options) => {
    const model = sluice.sequential([sluice.dense({ units: 2 })], { device, inputShape: [3] });
    try {
      model.compile({ loss: "mse", ...asked(options) } as never);
      return model as never;
    } catch (error) {
      model.dispose();
      throw error;
    }
  },
});

const schedule = { name: "cosineDecay", initialLearningRate: 0.1, decaySteps: 10 };
const training: Options = {
  learningRate: schedule,
  weightDecay: 0.1,
  clipnorm: 1,
  globalClipnorm: null,
  clipvalue: null,
  useEma: true,
  emaMomentum: 0.9,
  emaOverwriteFrequency: 3,
};
const moments: Options = { beta1: 0.8, beta2: 0.9, epsilon: 1e-3 };
const optimizer = (name: string, valid: Options) =>
  compiled(name, { ...valid, ...training }, (options) => ({ optimizer: { ...options, name } }));
const rate = (name: string, valid: Options) =>
  compiled(name, valid, (options) => ({ optimizer: { name: "sgd", learningRate: { ...options, name } } }));
const loss = (name: string, valid: Options) => compiled(name, valid, (options) => ({ loss: { ...options, name } }));
const metric = (id: string, valid: Options) =>
  compiled(`${id}, a metric`, { ...valid, name: "mine" }, (options) => ({ metrics: [{ ...options, id }] }));

const decay: Options = { initialLearningRate: 0.1, decaySteps: 5, decayRate: 0.5, staircase: true };
const entropy: Options = { fromLogits: true, labelSmoothing: 0.1 };

const COMPILED: readonly Part[] = [
  optimizer("sgd", { momentum: 0.5, nesterov: true }),
  optimizer("adam", { ...moments, amsgrad: true }),
  optimizer("adamW", { ...moments, amsgrad: true }),
  optimizer("adamax", moments),
  optimizer("nadam", moments),
  optimizer("rmsprop", { rho: 0.8, momentum: 0.5, epsilon: 1e-3, centered: true }),
  optimizer("adagrad", { initialAccumulatorValue: 0.2, epsilon: 1e-3 }),
  optimizer("adadelta", { rho: 0.8, epsilon: 1e-3 }),
  optimizer("lion", { beta1: 0.8, beta2: 0.9 }),
  optimizer("ftrl", {
    learningRatePower: -0.4,
    initialAccumulatorValue: 0.2,
    l1RegularizationStrength: 0.1,
    l2RegularizationStrength: 0.1,
    l2ShrinkageRegularizationStrength: 0.1,
    beta: 0.1,
  }),
  rate("exponentialDecay", decay),
  rate("inverseTimeDecay", decay),
  rate("piecewiseConstantDecay", { boundaries: [3, 5], values: [1, 0.5, 0.1] }),
  rate("polynomialDecay", { initialLearningRate: 0.1, decaySteps: 5, endLearningRate: 0.01, power: 2, cycle: true }),
  rate("cosineDecay", { initialLearningRate: 0, decaySteps: 5, alpha: 0.1, warmupTarget: 0.1, warmupSteps: 3 }),
  rate("cosineDecayRestarts", { initialLearningRate: 0.1, firstDecaySteps: 5, tMul: 1.5, mMul: 0.9, alpha: 0.1 }),
  loss("binaryCrossentropy", entropy),
  loss("binaryFocalCrossentropy", { applyClassBalancing: true, alpha: 0.5, gamma: 1, ...entropy }),
  loss("categoricalCrossentropy", entropy),
  loss("categoricalFocalCrossentropy", { alpha: 0.5, gamma: 1, ...entropy }),
  loss("sparseCategoricalCrossentropy", { fromLogits: true, ignoreClass: -1 }),
  loss("huber", { delta: 2 }),
  loss("cosineSimilarity", { axis: 1 }),
  loss("contrastive", { margin: 1 }),
  ...[
    "meanSquaredError",
    "mae",
    "mape",
    "msle",
    "logCosh",
    "poisson",
    "kld",
    "hinge",
    "squaredHinge",
    "categoricalHinge",
  ].map((name) => loss(name, {})),
  ...["accuracy", "categoricalAccuracy", "sparseCategoricalAccuracy", "rootMeanSquaredError", "mae"].map((id) =>
    metric(id, {}),
  ),
  metric("huber", { delta: 2 }),
  metric("binaryAccuracy", { threshold: 0.4 }),
  metric("topKCategoricalAccuracy", { k: 2 }),
  metric("sparseTopKCategoricalAccuracy", { k: 2 }),
  ...["precision", "recall"].map((id) => metric(id, { thresholds: [0.2, 0.5], topK: 1, classId: 1 })),
  ...["truePositives", "trueNegatives", "falsePositives", "falseNegatives"].map((id) =>
    metric(id, { thresholds: 0.3 }),
  ),
  metric("auc", {
    numThresholds: 20,
    curve: "PR",
    summationMethod: "minoring",
    thresholds: [0.5, 0.2],
    fromLogits: true,
  }),
  metric("precisionAtRecall", { recall: 0.5, numThresholds: 20, classId: 1 }),
  metric("recallAtPrecision", { precision: 0.5, numThresholds: 20, classId: 1 }),
  metric("sensitivityAtSpecificity", { specificity: 0.5, numThresholds: 20, classId: 1 }),
  metric("specificityAtSensitivity", { sensitivity: 0.5, numThresholds: 20, classId: 1 }),
  metric("f1Score", { average: "micro", threshold: 0.5 }),
  metric("fBetaScore", { average: "macro", threshold: 0.5, beta: 2 }),
  metric("cosineSimilarity", { axis: 1 }),
  metric("r2Score", { classAggregation: null, numRegressors: 1 }),
  compiled(
    "compile",
    { lossWeights: 0.5, metrics: ["mae"], weightedMetrics: ["mse"], optimizer: "adam" },
    (all) => all,
  ),
];

/** All of them. */
export const PARTS: readonly Part[] = [...LAYERS, ...WEIGHTS, ...COMPILED];
