// The training runs of scripts/weights_sha.mjs that vary the layers.
import { array, ids, leftPadded, spread, withGaps } from "./data.mjs";
import { BATCH, FEATURES, modelRun, rowRun, TIME } from "./model_run.mjs";

/** Runs of sequential models, of functional models, and of models on token ids. */
export function layerRuns(sluice) {
  return [...recurrentRuns(sluice), ...rowRuns(sluice), ...graphRuns(sluice), ...textRuns(sluice)];
}

const gaps = (seed) => (rows) => withGaps([rows, TIME, FEATURES], seed);

function recurrentRuns(s) {
  const row = (name, layers, options) => rowRun(s, name, layers, options);
  const families = [
    ["lstm", s.lstm],
    ["gru", s.gru],
    ["simpleRnn", s.simpleRnn],
  ].flatMap(([name, layer]) => [
    // The last batch is smaller, and the prediction uses another batch size.
    row(name, () => [layer({ units: 5 })], { rows: 2 * BATCH + 2, predictSize: BATCH + 1 }),
    row(`${name}, relu, no bias`, () => [layer({ units: 4, activation: "relu", useBias: false })]),
    row(`${name}, masked`, () => [s.masking(), layer({ units: 5 })], { x: gaps(3) }),
    row(
      `${name}, masked sequences`,
      () => [s.masking(), layer({ units: 5, returnSequences: true }), layer({ units: 3 })],
      { x: gaps(4) },
    ),
    row(`${name}, stacked, backwards`, () => [
      layer({ units: 6, returnSequences: true, goBackwards: true }),
      layer({ units: 3 }),
    ]),
    row(`${name}, bidirectional`, () => [
      s.bidirectional({ layer: layer({ units: 4, returnSequences: true }) }),
      s.bidirectional({ layer: layer({ units: 3 }), mergeMode: "sum" }),
    ]),
    row(`${name}, stateful`, () => [layer({ units: 5, stateful: true })], {
      fit: { shuffle: false },
      predictSize: BATCH,
    }),
    row(`${name}, dropout of inputs and states`, () => [layer({ units: 4, dropout: 0.3, recurrentDropout: 0.2 })]),
    row(`${name}, 67 units, 17 rows`, () => [layer({ units: 67 })], { rows: 34, fit: { batchSize: 17, epochs: 1 } }),
  ]);
  return [
    ...families,
    row("lstm, masked and bidirectional", () => [s.masking(), s.bidirectional({ layer: s.lstm({ units: 4 }) })], {
      x: gaps(5),
    }),
    row("lstm, rare activation", () => [
      s.lstm({ units: 4, activation: "softsign", recurrentActivation: "hardSigmoid" }),
    ]),
    row(
      "lstm with peepholes, masked sequences",
      () => [
        s.masking(),
        s.rnn({ cell: s.peepholeLstmCell({ units: 5, peepholeInitializer: "randomNormal" }), returnSequences: true }),
        s.rnn({ cell: s.peepholeLstmCell({ units: 3, useBias: false }) }),
      ],
      { x: gaps(4) },
    ),
    row("gru, reset before", () => [s.gru({ units: 4, resetAfter: false })]),
    row("rnn over a cell", () => [s.rnn({ cell: s.gruCell({ units: 4 }) })]),
    row("rnn over a cell by step", () => [s.rnn({ cell: s.lstmCell({ units: 4, activation: "mish" }) })]),
    row("rnn over stacked cells", () => [
      s.rnn({ cell: s.stackedRnnCells([s.lstmCell({ units: 4 }), s.simpleRnnCell({ units: 3 })]) }),
    ]),
  ];
}

function rowRuns(s) {
  const row = (name, layers, options) => rowRun(s, name, layers, options);
  const wide = (name, layers) => row(name, layers, { isFlat: false });
  return [
    wide("timeDistributed", () => [s.timeDistributed({ layer: s.dense({ units: 4, activation: "tanh" }) })]),
    wide("conv1d", () => [
      s.conv1d({ filters: 4, kernelSize: 3, padding: "causal", activation: "relu" }),
      s.maxPooling1d({ poolSize: 2 }),
    ]),
    wide("conv1d, strides, groups, dilation", () => [
      s.conv1d({ filters: 6, kernelSize: 3, strides: 2, padding: "same" }),
      s.conv1d({ filters: 4, kernelSize: 2, dilationRate: 2, padding: "same", groups: 2 }),
      s.averagePooling1d({ poolSize: 3, strides: 2, padding: "same" }),
    ]),
    row("global pooling", () => [s.conv1d({ filters: 4, kernelSize: 2 }), s.globalMaxPooling1d()]),
    row("global average, masked", () => [s.masking(), s.dense({ units: 4 }), s.globalAveragePooling1d()], {
      x: gaps(6),
    }),
    wide("layerNormalization", () => [s.dense({ units: 4 }), s.layerNormalization()]),
    wide("layerNormalization, rms, two axes", () => [s.layerNormalization({ axis: [1, 2], rmsScaling: true })]),
    wide("batchNormalization", () => [s.dense({ units: 4 }), s.batchNormalization({ momentum: 0.7 })]),
    wide("batchNormalization, axis 1", () => [s.batchNormalization({ axis: 1 })]),
    wide("dropouts", () => [
      s.dropout({ rate: 0.4 }),
      s.spatialDropout1d({ rate: 0.3 }),
      s.dropout({ rate: 0.2, noiseShape: [null, 1, null], seed: 77 }),
    ]),
    wide("noises", () => [
      s.gaussianNoise({ stddev: 0.3 }),
      s.gaussianDropout({ rate: 0.3 }),
      s.alphaDropout({ rate: 0.3 }),
    ]),
    wide("activation layers", () => [
      s.prelu({ sharedAxes: [1] }),
      s.dense({ units: 4 }),
      s.leakyRelu(),
      s.elu({ alpha: 0.5 }),
      s.softmax({ axis: 1 }),
      s.relu({ maxValue: 1, negativeSlope: 0.2, threshold: 0.1 }),
    ]),
    wide("reshaping", () => [
      s.dense({ units: 4 }),
      s.permute({ dims: [2, 1] }),
      s.cropping1d({ cropping: [1, 0] }),
      s.zeroPadding1d({ padding: [2, 1] }),
      s.upSampling1d({ size: 2 }),
      s.reshape({ targetShape: [4, -1] }),
      s.flatten(),
      s.repeatVector({ n: 3 }),
    ]),
    row(
      "dense, products of odd and large sizes",
      () => [s.dense({ units: 131, activation: "relu" }), s.dense({ units: 67, activation: "tanh" })],
      { x: (rows) => spread([rows, 259], 7), rows: 74, fit: { batchSize: 37 } },
    ),
    row(
      "regularizers and constraints",
      () => [
        s.dense({ units: 4, kernelRegularizer: s.l1l2({ l1: 0.01, l2: 0.02 }), activityRegularizer: s.l2(0.01) }),
        s.dense({ units: 4, kernelConstraint: "maxNorm", kernelRegularizer: s.orthogonalRegularizer() }),
        s.dense({ units: 4, kernelConstraint: "unitNorm", biasConstraint: "nonNeg" }),
        s.dense({ units: 4, kernelConstraint: s.minMaxNorm({ minValue: 0.3, maxValue: 0.8, rate: 0.5 }) }),
      ],
      { x: (rows) => spread([rows, 6], 8) },
    ),
    ...["glorotNormal", "heUniform", "lecunNormal", "orthogonal", "truncatedNormal", "randomNormal", "identity"].map(
      (kernelInitializer) =>
        row(`initializer ${kernelInitializer}`, () => [s.dense({ units: 6, kernelInitializer })], {
          x: (rows) => spread([rows, 9], 9),
          fit: { epochs: 1 },
          rows: BATCH,
        }),
    ),
  ];
}

function graphRuns(s) {
  const functional = (name, build, options) =>
    modelRun(name, { make: (device) => s.model({ ...build(), device, seed: 6 }), ...options });
  /** A model that joins a pair of sequences and reads the result. */
  const joined = (name, join, { isMasked = false } = {}) =>
    functional(
      name,
      () => {
        const inputs = ["a", "b"].map((side) => s.input({ shape: [TIME, 4], name: side }));
        const heads = inputs.map((each) => s.dense({ units: 4 }).call(isMasked ? s.masking().call(each) : each));
        return { inputs, outputs: s.dense({ units: 2 }).call(s.flatten().call(join(heads))) };
      },
      {
        x: (rows) => ({ a: spread([rows, TIME, 4], 11), b: spread([rows, TIME, 4], 12) }),
        y: (rows) => spread([rows, 2], 13),
      },
    );
  const merges = {
    ...{ add: s.add, subtract: s.subtract, multiply: s.multiply, average: s.average, maximum: s.maximum },
    ...{ minimum: s.minimum, concatenate: s.concatenate },
  };
  return [
    functional(
      "encoder and decoder",
      () => {
        const [source, target] = [s.input({ shape: [TIME, 3] }), s.input({ shape: [4, 2] })];
        const [, h, c] = s.lstm({ units: 5, returnState: true }).call(source);
        const decoded = s.lstm({ units: 5, returnSequences: true }).call(target, { initialState: [h, c] });
        return { inputs: [source, target], outputs: s.dense({ units: 2 }).call(decoded) };
      },
      {
        x: (rows) => [spread([rows, TIME, 3], 14), spread([rows, 4, 2], 15)],
        y: (rows) => spread([rows, 4, 2], 16),
      },
    ),
    ...[
      ["gru", s.gru],
      ["simpleRnn", s.simpleRnn],
    ].map(([name, layer]) =>
      functional(
        `${name}, initial state`,
        () => {
          const [x, state] = [s.input({ shape: [TIME, 3] }), s.input({ shape: [5] })];
          const h = layer({ units: 5 }).call(x, { initialState: [s.dense({ units: 5 }).call(state)] });
          return { inputs: [x, state], outputs: s.dense({ units: 2 }).call(h) };
        },
        { x: (rows) => [spread([rows, TIME, 3], 17), spread([rows, 5], 18)], y: (rows) => spread([rows, 2], 19) },
      ),
    ),
    functional(
      "several outputs",
      () => {
        const x = s.input({ shape: [TIME, 3] });
        const h = s.lstm({ units: 5 }).call(x);
        const stars = s.dense({ units: 1, name: "stars" }).call(h);
        const topic = s.dense({ units: 4, activation: "softmax", name: "topic" }).call(h);
        return { inputs: x, outputs: [stars, topic] };
      },
      {
        x: (rows) => spread([rows, TIME, 3], 20),
        y: (rows) => ({ stars: spread([rows, 1], 21), topic: ids([rows], 4, 22) }),
        compile: {
          loss: { stars: "huber", topic: "sparseCategoricalCrossentropy" },
          lossWeights: { stars: 0.5, topic: 2 },
          metrics: { topic: "accuracy" },
        },
      },
    ),
    functional(
      "shared layers and a nested model",
      () => {
        const part = s.input({ shape: [TIME, 3] });
        const tower = s.model({ inputs: part, outputs: s.gru({ units: 4 }).call(part) });
        const inputs = [s.input({ shape: [TIME, 3] }), s.input({ shape: [TIME, 3] })];
        const towers = inputs.map((each) => tower.call(each));
        return { inputs, outputs: s.dot({ axes: 1, normalize: true }).call(towers) };
      },
      {
        x: (rows) => [spread([rows, TIME, 3], 23), spread([rows, TIME, 3], 24)],
        y: (rows) => array([rows, 1], Float32Array.from(ids([rows, 1], 2, 25).data)),
        compile: { loss: "contrastive" },
      },
    ),
    ...Object.entries(merges).map(([name, layer]) => joined(`merge ${name}`, (pair) => layer().call(pair))),
    joined("merge, masked", (pair) => s.concatenate({ axis: 1 }).call(pair), { isMasked: true }),
    joined("dot over time", (pair) => s.dot({ axes: 1 }).call(pair)),
    joined("attention", (pair) => s.attention({ useScale: true, dropout: 0.2 }).call(pair)),
    joined("attention, concat, causal, masked", (pair) => attentionOf(s, pair), { isMasked: true }),
    joined("additiveAttention", (pair) => s.additiveAttention().call(pair)),
    joined("multiHeadAttention", (pair) => s.multiHeadAttention({ numHeads: 3, keyDim: 2, dropout: 0.1 }).call(pair)),
  ];
}

const attentionOf = (s, pair) => s.attention({ scoreMode: "concat", useCausalMask: true }).call(pair);

function textRuns(s) {
  const text = (name, layers, options = {}) =>
    rowRun(s, `embedding, ${name}`, layers, { x: (rows) => leftPadded(rows, 11, 29, 31), ...options });
  const read = (extra = {}) => s.embedding({ inputDim: 29, outputDim: 5, ...extra });
  // From 16 rows on, software adapters process the shared padding once for all rows.
  const many = { rows: 34, fit: { batchSize: 17 } };
  return [
    text("lstm, shared padding", () => [read(), s.lstm({ units: 6 })], many),
    text("lstm, few rows", () => [read(), s.lstm({ units: 6 })]),
    text("dropout, lstm", () => [read(), s.dropout({ rate: 0.3 }), s.lstm({ units: 6 })], many),
    text("lstm sequences, gru", () => [read(), s.lstm({ units: 6, returnSequences: true }), s.gru({ units: 3 })]),
    text("masked lstm", () => [read({ maskZero: true }), s.lstm({ units: 6 })], many),
    text("masked gru", () => [read({ maskZero: true }), s.gru({ units: 6 })]),
    text("gru", () => [read(), s.gru({ units: 6 })], many),
    text("simpleRnn", () => [read(), s.simpleRnn({ units: 6 })], many),
    text("lstm, large table", () => [s.embedding({ inputDim: 1031, outputDim: 7 }), s.lstm({ units: 5 })], {
      x: (rows) => ids([rows, 11], 1031, 32),
    }),
    text("average", () => [read({ embeddingsRegularizer: s.l2(0.01) }), s.globalAveragePooling1d()]),
  ];
}
