/** Every exported function and method, with arguments that are right for it. */
import * as bench from "../../src/bench/index.ts";
import * as convert from "../../src/convert/index.ts";
import { Random } from "../../src/core/random.ts";
import { sentences } from "../../src/data/sentences.ts";
import * as embed from "../../src/embed/index.ts";
import * as forecast from "../../src/forecast/index.ts";
import * as sluice from "../../src/index.ts";
import * as node from "../../src/node.ts";
import * as predict from "../../src/predict/index.ts";
import { PARTS } from "../nn/option_parts.ts";

/** Something that a caller may call. */
export interface Target {
  /** Such as `sluice.dense` or `Model.fit`. */
  readonly name: string;
  /** Right arguments, made anew for each call. */
  readonly valid: () => readonly unknown[] | Promise<readonly unknown[]>;
  readonly call: (args: readonly unknown[]) => unknown;
}

type Arguments = () => readonly unknown[] | Promise<readonly unknown[]>;

const ROWS = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
  [2, 4, 6],
];
const LABELS = [0, 1, 0, 1];
const TEXTS = ["a fine film", "a bad film", "fine", "bad bad"];
const words = () => {
  const tokenizer = new sluice.Tokenizer();
  tokenizer.fitOnTexts(TEXTS);
  return tokenizer;
};
const array = () => ({ shape: [4, 3], data: Float32Array.from(ROWS.flat()) });
const labels = () => ({ shape: [4], data: Float32Array.from(LABELS) });
const value = () => sluice.inputValue("x", [4, 3]);
const bool = () => sluice.ops.less(value(), 1);
const ids = () => sluice.inputValue("ids", [4], "int32");
const vectors = () =>
  new embed.WordVectors(["a", "b", "c"], { shape: [3, 2], data: new Float32Array([1, 0, 0, 1, 1, 1]) });

const subject = () => ({ clock: { name: "wall clock", shortest: 0.001 }, time: async (runs: number) => runs / 100 });

/** The options that are right for what `PARTS` lists, by the function's name. */
const OPTIONS = new Map(PARTS.map(({ name, valid }) => [name.split(",")[0] as string, valid]));

/** Functions without arguments. */
const NONE = ["defaultTuningStore", "history", "terminateOnNaN", "reduceGpuPolling"];

/** A compiled model with four rows to train on. */
export function smallModel(device: sluice.Device): sluice.Model {
  const model = sluice.sequential([sluice.dense({ units: 1, activation: "sigmoid" })], {
    device,
    inputShape: [3],
    seed: 1,
  });
  model.compile({ loss: "binaryCrossentropy", optimizer: "adam", metrics: ["accuracy"] });
  return model;
}

/** What is exported by name, in one record an entry. */
export const ENTRIES: Readonly<Record<string, object>> = {
  sluice,
  "sluice/bench": bench,
  "sluice/convert": convert,
  "sluice/embed": embed,
  "sluice/forecast": forecast,
  "sluice/predict": predict,
  "sluice/sentences": { sentences },
  "sluice/node": node,
};

/** Classes that the engine makes: their instances come from functions, which are called. */
export const MADE_BY_FUNCTIONS = [
  ...["Device", "Model", "Program", "Predictor", "Value", "SymbolicTensor", "LayerNode", "WeightRule"],
  ...["InputLayer", "Layer", "MergeLayer", "RnnCell", "Embedder", "IndexMask", "WordEmbedder", "StackedRnnCells"],
];

const isClass = (given: unknown): given is new (...args: readonly unknown[]) => object =>
  typeof given === "function" && Function.prototype.toString.call(given).startsWith("class");

/** The right arguments of exported functions, by name; of others, those of `PARTS`, or none. */
function argumentsOf(device: sluice.Device): Readonly<Record<string, Arguments>> {
  const model = () => smallModel(device);
  const text = async () => {
    const { encoder } = encoderOf();
    const embedder = sluice.sequential(
      [sluice.embedding({ inputDim: encoder.inputDim, outputDim: 2 }), sluice.globalAveragePooling1d()],
      { device, inputShape: [4], seed: 1 },
    );
    embedder.encoder = encoder;
    return embedder;
  };
  const saved = async () => {
    using one = model();
    return await one.toFiles();
  };
  return {
    ...Object.fromEntries(NONE.map((name) => [name, () => []])),
    tensorBoard: () => [{ logDir: "logs", inMemory: true }],
    registerEncoder: () => [{ kind: "hostile", fromJSON: () => words() }],
    encodeLabels: () => [
      ["a", "b", "a"],
      ["a", "b"],
    ],
    labelsOf: () => [["a", "b", "a"]],
    classificationReport: () => [LABELS, [0, 1, 1, 1], { labels: ["a", "b"] }],
    confusionMatrix: () => [LABELS, [0, 1, 1, 1], { labels: ["a", "b"] }],
    "ops.peepholeLstmSweep": () => [
      ...[sluice.inputValue("x", [2, 3, 8]), sluice.inputValue("u", [2, 8]), sluice.inputValue("p", [3, 2])],
    ],
    argmax: () => [array(), { axis: -1 }],
    progress: () => [{ output: { write: () => true } }],
    topK: () => [array(), 2],
    dataset: () => [array(), labels()],
    subset: () => [sluice.dataset(array(), labels()), [0, 2]],
    padSequences: () => [[[1, 2], [3]], { maxLength: 3, padding: "post", truncating: "pre", value: 0 }],
    makeRagged: () => [[[1, 2], [3]], { maxLength: 3, padding: "post", truncating: "pre" }],
    toPadded: () => [sluice.makeRagged([[1, 2], [3]])],
    standardScaler: () => [{ withMean: true, withStd: false }],
    StandardScaler: () => [{ withMean: true, withStd: false }],
    cosineSimilarity: () => [{ axis: -1 }],
    cosineSimilarityMetric: () => [{ axis: -1, name: "mine" }],
    huber: () => [{ delta: 1 }],
    ...Object.fromEntries(
      ["klDivergence", "meanAbsoluteError", "meanAbsolutePercentageError", "meanSquaredLogarithmicError"].map(
        (name) => [name, () => [{}]],
      ),
    ),
    PRelu: () => [OPTIONS.get("prelu")],
    constant: () => [0.5],
    l1: () => [0.1],
    l2: () => [0.1],
    Rnn: () => [sluice.lstmCell({ units: 2 }), { returnSequences: true }],
    minMaxScaler: () => [{ featureRange: [0, 1] }],
    chronologicalSplit: () => [ROWS, { testFraction: 0.25, context: 1 }],
    windows: () => [[1, 2, 3, 4, 5, 6], { length: 2, horizon: 1, gap: 1, stride: 1, target: 0 }],
    stratifiedLimit: () => [sluice.dataset(array(), labels()), 2, 1],
    trainTestSplit: () => [sluice.dataset(array(), labels()), { testFraction: 0.5, seed: 1, stratify: true }],
    requestDevice: () => [{ powerPreference: "low-power", memoryLimit: 1e9, tune: false, device: device.gpu }],
    constantValue: () => [array(), "float32"],
    inputValue: () => ["x", [2, 3], "float32"],
    scalar: () => [1, "float32"],
    printGraph: () => [{ outputs: [sluice.ops.add(value(), 1)], updates: [] }],
    openBrowserSaves: () => [{ persist: false }],
    readSafetensors: () => [sluice.writeSafetensors(new Map([["a", array()]])), "a file", { maxTensors: 3 }],
    writeSafetensors: () => [new Map([["a", array()]]), new Map([["b", "c"]]), { floats: "F16" }],
    lossMetric: () => [sluice.huber(), "mine"],
    model: () => {
      const inputs = sluice.input({ shape: [3] });
      return [{ inputs, outputs: sluice.dense({ units: 1 }).call(inputs), device, seed: 1, name: "net" }];
    },
    loadModel: async () => [await saved(), { device }],
    sequential: () => [[sluice.dense({ units: 1 })], { device, inputShape: [3], seed: 1, name: "net" }],
    textClassifier: () => [
      {
        ...{ device, encoder: encoderOf().encoder, maxLength: 3, embedding: 2, units: 2, dropout: 0.5 },
        ...{ learningRate: 0.1, seed: 1 },
      },
    ],
    activation: () => ["relu", { name: "mine" }],
    layerFromConfig: () => ["Dense", { units: 1 }, "mine"],
    bidirectional: () => [{ layer: sluice.lstm({ units: 2 }), mergeMode: "sum" }],
    timeDistributed: () => [{ layer: sluice.dense({ units: 2 }) }],
    rnn: () => [{ cell: sluice.lstmCell({ units: 2 }), returnSequences: true }],
    stackedRnnCells: () => [[sluice.lstmCell({ units: 2 })], { name: "stack" }],
    earlyStopping: () => [{ monitor: "loss", patience: 1, minDelta: 0, mode: "min", restoreBestWeights: true }],
    reduceLrOnPlateau: () => [{ monitor: "loss", factor: 0.5, patience: 1, minLr: 0 }],
    csvLogger: () => [{ filename: "log.csv", separator: ";", append: false }],
    modelCheckpoint: () => [{ directory: "saves/{epoch}", monitor: "loss", saveBestOnly: true, saveFreq: "epoch" }],
    learningRateScheduler: () => [(epoch: number) => 1 / (1 + epoch)],
    lambdaCallback: () => [{ onEpochEnd: () => undefined }],
    interpret: () => [
      { outputs: [sluice.scalar(1)], updates: [] },
      { inputs: new Map(), variables: new Map() },
    ],
    isStorageFull: () => [new Error("full")],
    operationTimes: () => [[]],
    tuningOf: () => [device],
    program: () => [device, (x: sluice.Value) => sluice.ops.square(x), [{ shape: [2] }]],
    valueAndGrad: () => [(x: sluice.Value) => sluice.ops.sum(x)],
    gradients: () => {
      const x = value();
      return [sluice.ops.sum(x), [x]];
    },
    vjp: () => {
      const x = value();
      return [[sluice.ops.square(x)], [x], [x]];
    },
    // ops
    "ops.gather": () => [value(), ids()],
    "ops.scatterAdd": () => [value(), ids(), 5],
    "ops.concat": () => [[value(), value()], 0],
    "ops.stack": () => [[value(), value()], 0],
    "ops.pad": () => [value(), [0, 1], [1, 0]],
    "ops.reverse": () => [value(), 0],
    "ops.slice": () => [value(), [0, 1], [1, 2]],
    "ops.transpose": () => [value(), [1, 0]],
    "ops.dropout": () => [value(), 0.5, { counter: sluice.scalar(1, "int32"), seed: 1, stream: 0 }],
    "ops.randomNormal": () => [[2, 3], { counter: sluice.scalar(1, "int32"), seed: 1, stream: 0 }],
    "ops.randomUniform": () => [[2, 3], { counter: sluice.scalar(1, "int32"), seed: 1, stream: 0 }],
    "ops.broadcastTo": () => [value(), [2, 4, 3]],
    "ops.expandDims": () => [value(), 0],
    "ops.reshape": () => [value(), [3, -1]],
    "ops.unstack": () => [value(), 0],
    "ops.windowCount": () => [5, { size: 2, stride: 1, dilation: 1 }],
    "ops.windows": () => [sluice.inputValue("x", [2, 5, 3]), { size: 2, stride: 1, dilation: 1 }],
    "ops.matmul": () => [value(), value(), { transposeA: false, transposeB: true }],
    "ops.gruSweep": () => [sluice.inputValue("x", [2, 3, 6]), sluice.inputValue("u", [2, 6]), { activation: "tanh" }],
    "ops.lstmSweep": () => [sluice.inputValue("x", [2, 3, 8]), sluice.inputValue("u", [2, 8]), { initial: undefined }],
    "ops.lstmCell": () => [sluice.inputValue("z", [2, 8]), sluice.inputValue("c", [2, 2]), { activation: "tanh" }],
    "ops.simpleRnnSweep": () => [sluice.inputValue("x", [2, 3, 2]), sluice.inputValue("u", [2, 2]), {}],
    "ops.topK": () => [value(), 2],
    "ops.cast": () => [value(), "int32"],
    ...Object.fromEntries(["logicalAnd", "logicalOr"].map((name) => [`ops.${name}`, () => [bool(), bool()]])),
    "ops.logicalNot": () => [bool()],
    "ops.clip": () => [value(), 0, 1],
    "ops.where": () => [sluice.ops.less(value(), value()), value(), 1],
    ...Object.fromEntries(
      ["max", "mean", "sum"].map((name) => [`ops.${name}`, () => [value(), { axes: [1], keepDims: true }]]),
    ),
    "ops.argmax": () => [value(), 1],
    "ops.logSoftmax": () => [value(), 1],
    "ops.softmax": () => [value(), 1],
    "imdb.load": () => [{ source: "none.tar.gz", numWords: 10, maxLength: 5, signal: new AbortController().signal }],
    "sentences.load": () => [{ numWords: 10, maxLength: 5, testFraction: 0.2, seed: 1 }],
    // sluice/embed
    deduplicate: () => [device, ROWS, { dimension: 3, threshold: 0.5, metric: "cosine" }],
    functionEmbedder: () => [(texts: readonly string[]) => texts.map(() => [1, 2])],
    kMeans: () => [device, ROWS, { dimension: 3, k: 2, seed: 1, maxIterations: 2 }],
    modelEmbedder: async () => [await text(), { layer: undefined, encoder: undefined }],
    siamese: async () => [await text()],
    tunePairs: async () => [
      await text(),
      { first: ["fine", "bad"], second: ["fine film", "fine"], labels: [1, 0] },
      { loss: "contrastive", optimizer: "adam", epochs: 1 },
    ],
    similarity: () => ["cosine", [1, 2], [2, 1]],
    trainWordVectors: () => [
      ["a fine film", "a bad film", "a fine day"],
      { device, vectorSize: 2, window: 1, epochs: 1, minCount: 1, batchSize: 32, seed: 1, watch: ["fine"], sample: 0 },
    ],
    wordEmbedder: () => [vectors(), { tokenizer: words(), smoothing: 0.1 }],
    wordEmbedderFromBytes: () => [new embed.WordEmbedder(vectors()).toBytes(), "a file"],
    wordIndex: () => [vectors(), device],
    mostSimilarIn: async () => [await embed.wordIndex(vectors(), device), vectors(), { positive: ["a"], topn: 1 }],
    analogy: () => [vectors(), "a", "b", "c"],
    wordVectorsFromSafetensors: () => [embed.wordVectorsToSafetensors(vectors()), { tensor: "vectors" }, "a file"],
    wordVectorsToSafetensors: () => [vectors()],
    readWordVectors: () => [new TextEncoder().encode("2 2\na 1 0\nb 0 1\n"), { maxWords: 1, limits: {} }],
    writeWordVectors: () => [vectors(), { format: "word2vec" }],
    // sluice/convert
    loadKeras: () => [new Uint8Array(3), { device, length: 3, maxBytes: 100 }],
    loadKerasWeights: () => [model(), new Uint8Array(3), { maxBytes: 100 }],
    toKeras: () => [model()],
    toKerasWeights: () => [model()],
    toOnnx: () => [model()],
    toTfjs: () => [model()],
    toSafetensors: () => [model()],
    loadTfjs: async () => [await convert.toTfjs(model()), { device, length: 3, maxBytes: 10_000 }],
    loadSafetensors: async () => [model(), await convert.toSafetensors(model()), { maxBytes: 10_000 }],
    // sluice/forecast
    forecastData: () => [[1, 2, 3, 4, 5, 6, 7, 8], { window: 2, ahead: 1, test: 0.25 }],
    forecastModel: () => [device, { window: 2, layers: 1, units: 2, dropout: 0.1, learningRate: 0.1, seed: 1 }],
    forecastHeldOut: () => [
      forecast.forecastModel(device, { window: 2, layers: 1, units: 2, dropout: 0, learningRate: 0.1, seed: 1 }),
      forecast.forecastData([1, 2, 3, 4, 5, 6, 7, 8], { window: 2, ahead: 1, test: 0.25 }),
      { batchSize: 4 },
    ],
    besideSimple: () => [[1, 2, 3, 4], 2, 1, [3, 4]],
    score: () => [
      [1, 2],
      [2, 3],
      [0, 1],
    ],
    shareOfRises: () => [{ actual: [1, 2], naive: [0, 1], average: [0, 1], network: [1, 2] }],
    // sluice/predict
    loadPredictor: async () => {
      using one = model();
      return [await one.toFiles({ predictor: true }), { device }];
    },
    // sluice/bench
    measure: () => [subject(), { seconds: 0, minSamples: 1, maxSamples: 1, patience: 1 }],
    measureInTurns: () => [[subject()], { seconds: 0, minSamples: 1, maxSamples: 1, patience: 1 }],
    runBench: () => [
      device,
      { cases: [], runtime: { name: "node", version: "20" } },
      { onEvent: () => undefined, signal: AbortSignal.abort() },
    ],
    runBenchJob: () => [
      {
        ...{ all: false, quick: true, peers: false, defaultLimits: true, filter: "matmul" },
        ...{ runtime: { name: "node", version: "20" }, versions: {} },
      },
      { onEvent: () => undefined, signal: AbortSignal.abort() },
    ],
    keyOf: () => [{ name: "a", library: "b", variant: "c" }],
    ratesOf: () => [{ work: { flops: 1, bytes: 1 }, measurement: { median: 1 } }],
    selectCases: () => [{ filter: "matmul", all: false }],
    assertComparable: () => [
      { adapter: "a", runtime: { name: "node" } },
      { adapter: "a", runtime: { name: "node" } },
    ],
    compareReports: () => [{ results: [] }, { results: [] }],
    readReport: () => ['{"results":[]}', "a file"],
    digits: () => [1],
    seconds: () => [1],
    placeLine: () => [{ adapter: "a", runtime: { name: "node", version: "20" }, clock: "wall" }],
    problemRow: () => [{ name: "a", library: "sluice", message: "none" }],
    rooflineLine: () => [{ flops: 1, bytes: 1 }],
    roofSeconds: () => [
      { flops: 1, bytes: 1 },
      { flops: 1, bytes: 1 },
    ],
    reviewTask: () => [{ batch: 1, steps: 2, vocabulary: 3, embedding: 1, units: 1 }],
    parseAmount: () => ["4KiB"],
    parseBuffers: () => ["4KiB,f32:1"],
    parseWorkgroups: () => ["1x2"],
    shaderCase: () => [
      {
        ...{ name: "a", source: "@compute fn main() {}", entryPoint: "main" },
        ...{ buffers: [], workgroups: [1, 1, 1], work: { flops: 1, bytes: 1 } },
      },
    ],
    // classes
    Random: () => [1, 0],
    ReviewEncoder: () => [words(), { numWords: 5, skipTop: 0, startChar: 1, oovChar: 2, indexFrom: 3, maxLength: 3 }],
    "ReviewEncoder.fromJSON": () => [encoderOf().encoder.toJSON()],
    Tokenizer: () => [{ numWords: 5, filters: "!", lower: true, split: " ", charLevel: false, oovToken: "?" }],
    "Tokenizer.fromJSON": () => [words().toJSON()],
    "Tokenizer.fromCounts": () => [new Map([["a", 2]]), 3, { lower: false }],
    "MinMaxScaler.fromJSON": () => [sluice.minMaxScaler().fit(ROWS).toJSON()],
    "StandardScaler.fromJSON": () => [sluice.standardScaler().fit(ROWS).toJSON()],
    MinMaxScaler: () => [{ featureRange: [0, 1] }],
    Variable: () => [{ name: "v", shape: [2], dtype: "float32", trainable: true }],
    Embeddings: () => [[1, 2], new Float32Array(2), []],
    WordVectors: () => [["a"], { shape: [1, 2], data: new Float32Array(2) }, new Int32Array(1)],
    VectorIndex: () => [device, { dimension: 3, metric: "dot", storage: "int8" }],
    "VectorIndex.load": async () => [await index(device).toBytes(), { device }],
  };
}

function encoderOf() {
  return { encoder: new sluice.ReviewEncoder(words(), { maxLength: 4 }) };
}

function index(device: sluice.Device): embed.VectorIndex<unknown> {
  return new embed.VectorIndex<unknown>(device, { dimension: 3 });
}

/** An object whose methods are called, and the right arguments of those that take some. */
interface Instance {
  readonly name: string;
  readonly make: () => object | Promise<object>;
  readonly methods: Readonly<Record<string, Arguments>>;
}

function instancesOf(device: sluice.Device): readonly Instance[] {
  const none: Arguments = () => [];
  const directory: Arguments = () => ["saved", {}];
  const fitOptions = () => ({
    epochs: 1,
    batchSize: 2,
    microBatchSize: 1,
    stepsPerEpoch: 1,
    initialEpoch: 0,
    validationData: [ROWS, LABELS],
    validationSteps: 1,
    validationBatchSize: 2,
    validationFreq: 1,
    shuffle: true,
    seed: 1,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    callbacks: [],
    snapshotSeconds: 1,
    resume: false,
    sampleWeight: [1, 1, 1, 1],
  });
  const batchOptions = () => ({ batchSize: 2, signal: new AbortController().signal });
  const scaler: Readonly<Record<string, Arguments>> = Object.fromEntries(
    ["fit", "transform", "fitTransform", "inverseTransform"].map((name) => [name, () => [ROWS]]),
  );
  return [
    {
      name: "Model",
      make: () => smallModel(device),
      methods: {
        compile: () => [{ loss: "mse", optimizer: "adam", metrics: ["mae"], lossWeights: 1, weightedMetrics: [] }],
        fit: () => [ROWS, LABELS, fitOptions()],
        "fit ": () => [[ROWS, LABELS], { ...fitOptions(), classWeight: { 0: 1 }, sampleWeight: undefined }],
        "fit  ": () => [
          { x: ROWS, y: LABELS },
          { epochs: 1, validationSplit: 0.5 },
        ],
        "fit   ": () => [
          function* () {
            yield { x: ROWS, y: LABELS };
          },
          { epochs: 1, stepsPerEpoch: 1 },
        ],
        evaluate: () => [ROWS, LABELS, { ...batchOptions(), steps: 1, sampleWeight: LABELS }],
        trainingStep: () => [{ x: ROWS, y: LABELS }, { batchSize: 2 }],
        memory: () => [{ batchSize: 2, data: [ROWS, LABELS], microBatchSize: 1, validationSplit: 0.5 }],
        trainOnBatch: () => [ROWS, LABELS, { classWeight: { 0: 1 }, sampleWeight: undefined }],
        testOnBatch: () => [ROWS, LABELS, { sampleWeight: LABELS }],
        predict: () => [ROWS, batchOptions()],
        predictOnBatch: () => [ROWS],
        save: directory,
        toFiles: () => [{ weights: "float16", training: false, predictor: false }],
        getLayer: () => ["dense"],
        summary: () => [{}],
        toSvg: () => [{}],
        gradients: () => [ROWS],
        weights: none,
        setWeights: async () => {
          using one = smallModel(device);
          return [await one.weights()];
        },
        call: () => [sluice.input({ shape: [3] }), {}],
        resetStates: none,
        pause: none,
        resume: none,
        asLayer: none,
        dispose: none,
      },
    },
    {
      name: "recurrent Model",
      make: () =>
        sluice.sequential([sluice.lstm({ units: 2 }), sluice.dense({ units: 1 })], { device, inputShape: [3, 1] }),
      methods: {
        trace: () => [[ROWS.map((row) => row.map((each) => [each]))[0]], { layer: "lstm" }],
        hiddenGradients: () => [[ROWS.map((row) => row.map((each) => [each]))[0]], { layer: "lstm" }],
      },
    },
    {
      name: "Layer",
      make: () => sluice.dense({ units: 2 }),
      methods: { call: () => [sluice.input({ shape: [3] }), {}] },
    },
    {
      name: "Lstm",
      make: () => sluice.lstm({ units: 2, stateful: true }),
      methods: { call: () => [sluice.input({ shape: [4, 3] }), {}], resetStates: none },
    },
    {
      name: "Add",
      make: () => sluice.add(),
      methods: { call: () => [[1, 2].map(() => sluice.input({ shape: [3] }))] },
    },
    {
      name: "Random",
      make: () => new Random(1),
      methods: { next: none, uniform: none, normal: none, integer: () => [5], permutation: () => [5] },
    },
    { name: "MinMaxScaler", make: () => sluice.minMaxScaler().fit(ROWS), methods: { ...scaler, toJSON: none } },
    { name: "StandardScaler", make: () => sluice.standardScaler().fit(ROWS), methods: { ...scaler, toJSON: none } },
    {
      name: "Tokenizer",
      make: words,
      methods: {
        fitOnTexts: () => [TEXTS],
        textsToSequences: () => [TEXTS],
        sequencesToTexts: () => [[[1, 2], [3]]],
        words: () => ["a film"],
        toJSON: none,
      },
    },
    {
      name: "ReviewEncoder",
      make: () => encoderOf().encoder,
      methods: {
        encode: () => [TEXTS],
        encodeText: () => ["a film"],
        decode: () => [[1, 4, 5]],
        idOfRank: () => [1],
        compact: none,
        toJSON: none,
      },
    },
    {
      name: "Embedder",
      make: () => embed.functionEmbedder((texts) => texts.map(() => [1, 2])),
      methods: { embed: () => [["a", "b"], { pooling: "mean", normalize: true, ...batchOptions() }], dispose: none },
    },
    {
      name: "WordEmbedder",
      make: () => embed.wordEmbedder(vectors()),
      methods: { embed: () => [["a", "b"], { normalize: true }], fit: () => [["a b", "b"]], toBytes: none },
    },
    {
      name: "Embeddings",
      make: () => new embed.Embeddings([2, 1], new Float32Array(2)),
      methods: { row: () => [1], tolist: none },
    },
    {
      name: "WordVectors",
      make: vectors,
      methods: {
        has: () => ["a"],
        idOf: () => ["a"],
        vectorOf: () => ["a"],
        similarity: () => ["a", "b"],
        mostSimilar: () => [{ positive: ["a"], negative: ["b"], topn: 1, restrictVocab: 2 }],
      },
    },
    {
      name: "VectorIndex",
      make: async () => {
        const one = index(device);
        await one.add(
          ["a", "b"],
          [
            [1, 0, 0],
            [0, 1, 0],
          ],
        );
        return one;
      },
      methods: {
        has: () => ["a"],
        get: () => ["a"],
        add: () => [["c"], [[0, 0, 1]], [{ year: 1 }]],
        update: () => [["a"], [[0, 0, 1]], [{ year: 1 }]],
        remove: () => [["a"]],
        search: () => [[[1, 0, 0]], { k: 1, filter: () => true }],
        mask: () => [() => true],
        save: () => ["index.bin"],
        toBytes: none,
        toFiles: none,
        dispose: none,
      },
    },
    {
      name: "Predictor",
      make: async () => {
        using one = smallModel(device);
        return await predict.loadPredictor(await one.toFiles({ predictor: true }), { device });
      },
      methods: { predict: () => [ROWS, { signal: new AbortController().signal }], resetStates: none, dispose: none },
    },
    {
      name: "program()",
      make: () => sluice.program(device, (a, b) => sluice.ops.add(a, b)),
      methods: { compile: () => [[{ shape: [2] }, { shape: [2] }]], call: () => [undefined, [1, 2], [3, 4]] },
    },
  ];
}

/** All that is exported, with right arguments. @throws Error for a function that is missing here. */
export function targetsOf(device: sluice.Device): { readonly targets: readonly Target[]; readonly missing: string[] } {
  const known = argumentsOf(device);
  const targets: Target[] = [];
  const missing: string[] = [];
  const seen = new Set<unknown>();
  const addFunction = (name: string, key: string, run: (args: readonly unknown[]) => unknown) => {
    const options = OPTIONS.get(key);
    const valid = known[key] ?? (options === undefined ? undefined : () => [options]);
    if (valid === undefined) missing.push(name);
    targets.push({ name, valid: valid ?? (() => []), call: run });
  };
  for (const [entry, exported] of Object.entries(ENTRIES)) {
    for (const [name, given] of Object.entries(exported)) {
      if (seen.has(given)) continue;
      seen.add(given);
      if (isClass(given)) {
        if (given.prototype instanceof Error || given === sluice.SluiceError) continue;
        const statics = Object.getOwnPropertyNames(given).filter((member) => !/^(length|name|prototype)$/.test(member));
        for (const member of statics) {
          const method: unknown = Reflect.get(given, member);
          if (typeof method !== "function" || name === "Program") continue;
          addFunction(`${entry}: ${name}.${member}`, `${name}.${member}`, (args) => method.apply(given, args));
        }
        if (MADE_BY_FUNCTIONS.includes(name)) continue;
        const factory = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
        addFunction(`${entry}: new ${name}`, name in known ? name : factory, (args) => new given(...args));
      } else if (typeof given === "function") {
        addFunction(`${entry}: ${name}`, name, (args) => given(...args));
      } else if (name === "ops" || name === "imdb" || name === "sentences") {
        for (const [member, method] of Object.entries(given as object)) {
          if (typeof method !== "function") continue;
          const isElementwise = name === "ops" && known[`ops.${member}`] === undefined;
          const key = `${name}.${member}`;
          if (isElementwise) {
            targets.push({
              name: key,
              valid: () => [value(), value()].slice(0, method.length || 1),
              call: (args) => method(...args),
            });
          } else addFunction(`${entry}: ${key}`, key, (args) => method.apply(given, args));
        }
      }
    }
  }
  for (const { name, make, methods } of instancesOf(device)) {
    for (const [method, valid] of Object.entries(methods)) {
      targets.push({
        name: `${name}.${method}`,
        valid,
        call: async (args) => {
          const one = await make();
          try {
            const run: unknown = Reflect.get(one, method.trim());
            if (typeof run !== "function") throw new Error(`${name} has no method ${method}`);
            return await run.apply(one, args);
          } finally {
            if ("dispose" in one && typeof one.dispose === "function") one.dispose();
          }
        },
      });
    }
  }
  return { targets, missing };
}
