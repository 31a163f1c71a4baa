/**
 * Random small models here and in TensorFlow.js, from the same weights on the same data: the float64 interpreter's and
 * the GPU's outputs, the gradients of a loss (what a step of SGD takes off the weights), and three steps of an
 * optimizer, moving statistics included. SLUICE_PAIRS sets how many models, SLUICE_SEED repeats a run; fast-check makes
 * a failing model smaller.
 */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as sluice from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { tally } from "../support/tally.ts";
import { expectClose, expectNear } from "../support/tolerance.ts";
import { type Choice, extend, finish, Pairs, type Place } from "./pairs.ts";

const RUNS = Number(process.env.SLUICE_PAIRS ?? 20);
const SEED = Number(process.env.SLUICE_SEED ?? 20261125);
const [ROWS, IDS] = [3, 7];
const VALUES = { absolute: 3e-6, relative: 2e-5 };
/** After steps: each rounding of float32 goes through the next. */
const TRAINED = { absolute: 5e-5, relative: 5e-4 };

const device = await testDevice();
beforeAll(async () => {
  await tf.setBackend("cpu");
});
afterAll(() => device.dispose());

/** What a loss is minimised with: the last layer, and how targets are drawn from numbers in [0, 1). */
interface Task {
  readonly loss: string;
  /** TensorFlow.js's name where it is another. */
  readonly theirs?: string;
  readonly units: number;
  readonly activation: Parameters<typeof finish>[3];
  row(numbers: readonly number[]): number[];
}

const asIs = (numbers: readonly number[]) => [...numbers];
const signs = (numbers: readonly number[]) => numbers.map((number) => (number < 0.5 ? -1 : 1));
const largest = (numbers: readonly number[]) => numbers.map((number) => Number(number === Math.max(...numbers)));
const shares = (numbers: readonly number[]) => numbers.map((number) => number / numbers.reduce((a, b) => a + b, 0));

const TASKS: readonly Task[] = [
  { loss: "meanSquaredError", units: 2, activation: "linear", row: asIs },
  { loss: "meanAbsoluteError", units: 2, activation: "tanh", row: asIs },
  { loss: "meanAbsolutePercentageError", units: 1, activation: "linear", row: (n) => n.map((x) => x + 0.5) },
  { loss: "meanSquaredLogarithmicError", units: 2, activation: "softplus", row: asIs },
  { loss: "binaryCrossentropy", units: 3, activation: "sigmoid", row: (n) => n.map(Math.round) },
  { loss: "categoricalCrossentropy", units: 4, activation: "softmax", row: largest },
  { loss: "categoricalHinge", units: 3, activation: "softmax", row: largest },
  // Keras 3 takes labels 0 and 1 as −1 and 1; Keras 2 asks for signs.
  { loss: "hinge", units: 2, activation: "tanh", row: signs },
  { loss: "squaredHinge", units: 2, activation: "linear", row: signs },
  { loss: "logCosh", theirs: "logcosh", units: 2, activation: "linear", row: asIs },
  { loss: "poisson", units: 2, activation: "softplus", row: asIs },
  { loss: "klDivergence", theirs: "kullbackLeiblerDivergence", units: 3, activation: "softmax", row: shares },
  { loss: "cosineSimilarity", theirs: "cosineProximity", units: 3, activation: "linear", row: asIs },
];

/**
 * Not among them, as TensorFlow.js differs from Keras 3: Adam (epsilon beside a corrected root), a centered RMSprop
 * (which takes epsilon off) and Adadelta (which divides by the sum of squares before this step's).
 */
const OPTIMIZERS: readonly (() => readonly [sluice.Optimizer, tf.Optimizer])[] = [
  () => [sluice.sgd({ learningRate: 0.05 }), tf.train.sgd(0.05)],
  () => [sluice.sgd({ learningRate: 0.02, momentum: 0.9 }), tf.train.momentum(0.02, 0.9)],
  () => [sluice.sgd({ learningRate: 0.02, momentum: 0.8, nesterov: true }), tf.train.momentum(0.02, 0.8, true)],
  () => [
    sluice.rmsprop({ learningRate: 0.005, rho: 0.8, momentum: 0.5, epsilon: 1e-3 }),
    tf.train.rmsprop(0.005, 0.8, 0.5, 1e-3),
  ],
  () => [sluice.adagrad({ learningRate: 0.05 }), tf.train.adagrad(0.05, 0.1)],
  () => [sluice.adamax({ learningRate: 0.005, epsilon: 1e-3 }), tf.train.adamax(0.005, 0.9, 0.999, 1e-3)],
];

interface Drawn {
  readonly hasIds: boolean;
  readonly isMasked: boolean;
  readonly time: number;
  readonly size: number;
  readonly choices: readonly Choice[];
  readonly task: number;
  readonly optimizer: number;
  readonly seed: number;
}

const choice: fc.Arbitrary<Choice> = fc.record({ piece: fc.nat(999), a: fc.nat(999), b: fc.nat(999), c: fc.nat(999) });
const drawn: fc.Arbitrary<Drawn> = fc.record({
  hasIds: fc.boolean(),
  isMasked: fc.boolean(),
  time: fc.integer({ min: 2, max: 6 }),
  size: fc.integer({ min: 1, max: 4 }),
  choices: fc.array(choice, { maxLength: 4 }),
  task: fc.nat(TASKS.length - 1),
  optimizer: fc.nat(OPTIMIZERS.length - 1),
  seed: fc.nat(9999),
});

/** Where both models begin: ids or vectors, with a mask or without. */
function begin({ hasIds, isMasked, time, size }: Drawn, pairs: Pairs): readonly [Place, Place] {
  pairs.hasMask = isMasked;
  const shape = hasIds ? [time] : [time, size];
  const dtype = hasIds ? "int32" : "float32";
  const input = { ours: sluice.input({ shape, dtype }), theirs: tfl.input({ shape, dtype }), isMasked: false };
  if (hasIds) {
    const options = { inputDim: IDS, outputDim: size, maskZero: isMasked };
    return [input, pairs.apply(input, sluice.embedding(options), tfl.layers.embedding(options), isMasked)];
  }
  return [input, isMasked ? pairs.apply(input, sluice.masking(), tfl.layers.masking({ maskValue: 0 }), true) : input];
}

/** Ids of which some are 0, or vectors of which some are zeros throughout. */
function inputOf({ hasIds, time, size }: Drawn, random: sluice.Random): sluice.NdArray {
  const isLeftOut = Array.from({ length: ROWS * time }, () => random.uniform() < 0.3);
  if (hasIds) {
    const data = Int32Array.from(isLeftOut, (out) => (out ? 0 : 1 + random.integer(IDS - 1)));
    return { shape: [ROWS, time], data };
  }
  const data = Float32Array.from({ length: ROWS * time * size }, (_, at) =>
    isLeftOut[Math.floor(at / size)] ? 0 : random.normal(),
  );
  return { shape: [ROWS, time, size], data };
}

const toTheirs = ({ shape, data }: sluice.NdArray): tf.Tensor =>
  tf.tensor(data as Float32Array, [...shape], data instanceof Int32Array ? "int32" : "float32");

const toOurs = (tensor: tf.Tensor): sluice.NdArray => ({
  shape: tensor.shape,
  data: tensor.dataSync() as Float32Array,
});

type Weights = ReadonlyMap<sluice.Variable, sluice.NdArray>;

/** The same weights for both, all different; variances are above 0. */
function drawWeights(model: sluice.Model<sluice.NdArray>, random: sluice.Random): Weights {
  return new Map(
    model.weightVariables.map((variable) => {
      const isVariance = variable.name.includes("variance");
      const data = Float32Array.from(
        { length: variable.shape.reduce((a, b) => a * b, 1) },
        () => 0.6 * random.normal(),
      );
      return [variable, { shape: variable.shape, data: isVariance ? data.map((x) => 0.5 + Math.abs(x)) : data }];
    }),
  );
}

function giveTheirs(pairs: Pairs, weights: Weights): void {
  for (const [ours, theirs] of pairs.layers) {
    const own = ours.weights.map((variable) => toTheirs(weights.get(variable) as sluice.NdArray));
    theirs.setWeights(own);
    tf.dispose(own);
  }
}

/** Every layer's weights, compared in its own order. */
function compareWeights(what: string, pairs: Pairs, came: Weights): void {
  for (const [ours, theirs] of pairs.layers) {
    const wanted = theirs.getWeights().map(toOurs);
    ours.weights.forEach((variable, index) => {
      const [array, other] = [came.get(variable), wanted[index]] as [sluice.NdArray, sluice.NdArray];
      // What is left of large gradients is as exact as they are.
      const absolute = TRAINED.absolute * (1 + Math.max(...Array.from(other.data, Math.abs)));
      expectClose(`${what}: ${variable.name}`, array, other, { ...TRAINED, absolute });
    });
  }
}

async function compare(plan: Drawn): Promise<void> {
  const random = new sluice.Random(plan.seed);
  const pairs = new Pairs();
  const task = TASKS[plan.task] as Task;
  const [input, first] = begin(plan, pairs);
  const place = plan.choices.reduce((at, each) => extend(pairs, at, each), first);
  const end = finish(pairs, place, task.units, task.activation);
  using model = sluice.model({ inputs: input.ours, outputs: end.ours, device });
  const theirs = tfl.model({ inputs: input.theirs, outputs: end.theirs });
  const weights = drawWeights(model, random);
  const read = async (): Promise<Weights> => {
    const arrays = await model.weights();
    return new Map(model.weightVariables.map((variable, index) => [variable, arrays[index] as sluice.NdArray]));
  };
  try {
    await model.setWeights([...weights.values()]);
    giveTheirs(pairs, weights);
    const x = inputOf(plan, random);
    const theirX = toTheirs(x);
    const wanted = toOurs(theirs.predict(theirX) as tf.Tensor);
    const source = sluice.inputValue("x", x.shape, plan.hasIds ? "int32" : "float32");
    const variables = new Map(
      [...weights].map(([variable, array]) => [variable, { ...array, data: Float64Array.from(array.data) }]),
    );
    const { outputs } = model.graph.build([source]);
    const [exact] = sluice.interpret({ outputs, updates: [] }, { inputs: new Map([[source, x]]), variables });
    expectClose("outputs in float64", exact as NonNullable<typeof exact>, wanted, VALUES);
    expectClose("outputs on the GPU", await model.predict(x), wanted, VALUES);

    const size = wanted.data.length / task.units;
    const rows = Array.from({ length: size }, () =>
      task.row(Array.from({ length: task.units }, () => random.uniform())),
    );
    const y = { shape: wanted.shape, data: Float32Array.from(rows.flat()) };
    const theirY = toTheirs(y);
    const train = async (
      what: string,
      [optimizer, other]: readonly [sluice.Optimizer, tf.Optimizer],
      steps: number,
    ) => {
      await model.setWeights([...weights.values()]);
      giveTheirs(pairs, weights);
      model.compile({ optimizer, loss: task.loss });
      theirs.compile({ optimizer: other, loss: task.theirs ?? task.loss });
      const { history } = await model.fit(x, y, { epochs: steps, batchSize: ROWS, shuffle: false });
      for (let step = 0; step < steps; step++) {
        const loss = (await theirs.trainOnBatch(theirX, theirY)) as number;
        expectNear(`${what}: loss of step ${step}`, history.loss?.[step] ?? Number.NaN, loss, TRAINED);
      }
      compareWeights(what, pairs, await read());
    };
    await train("gradients", [sluice.sgd({ learningRate: 1 }), tf.train.sgd(1)], 1);
    await train("training", (OPTIMIZERS[plan.optimizer] as (typeof OPTIMIZERS)[number])(), 3);
    tf.dispose([theirX, theirY]);
  } finally {
    theirs.dispose();
  }
}

test(`${RUNS} random models do what TensorFlow.js's do (seed ${SEED})`, { timeout: 7_200_000 }, async () => {
  const bytes = device.memory.bytes;
  await fc.assert(fc.asyncProperty(drawn, compare), { numRuns: RUNS, seed: SEED });
  expect(device.memory.bytes).toBe(bytes);
  tally({ what: "random models against TensorFlow.js", tried: RUNS, lost: 0, note: `seed ${SEED}` });
});
