/** Twenty training steps from random weights: the GPU against the same graph in the float64 interpreter. */

import type { ReferenceArray } from "../../src/graph/op.ts";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  cosineDecay,
  type Device,
  dense,
  embedding,
  ftrl,
  type Graph,
  inputValue,
  interpret,
  lion,
  lstm,
  type NdArray,
  nadam,
  type Optimizer,
  ops,
  Program,
  Random,
  rmsprop,
  sequential,
  sgd,
  type Value,
  type Variable,
} from "../../src/index.ts";
import { resolveLoss } from "../../src/nn/losses/index.ts";
import { RATE_COUNT } from "../../src/ops/optimizers/update_op.ts";
import { variablesOf } from "../../src/runtime/run/variables.ts";
import { differentiate } from "../../src/transform/differentiate.ts";
import { expectClose, expectNear } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";

const STEPS = 20;
const [V, E, H, T, B] = [50, 8, 20, 12, 6];

interface Inputs {
  readonly x: Value;
  readonly y: Value;
  readonly rates: Value;
  readonly status: Value;
}

function feedsOf({ x, y, rates, status }: Inputs, optimizer: Optimizer, step: number): Map<Value, NdArray> {
  const random = new Random(99, step);
  const tokens = Int32Array.from({ length: B * T }, () => random.integer(V));
  const labels = Float32Array.from({ length: B }, () => random.integer(2));
  return new Map<Value, NdArray>([
    [x, { shape: [B, T], data: tokens }],
    [y, { shape: [B, 1], data: labels }],
    [rates, { shape: [RATE_COUNT], data: Float32Array.from(optimizer.rates(step)) }],
    [status, { shape: [1], data: new Int32Array(1) }],
  ]);
}

async function train(device: Device, optimizer: Optimizer, weightTolerance: number | undefined): Promise<void> {
  using model = sequential(
    [embedding({ inputDim: V, outputDim: E }), lstm({ units: H }), dense({ units: 1, activation: "sigmoid" })],
    { device, inputShape: [T], seed: 5 },
  );
  const inputs: Inputs = {
    x: inputValue("x", [B, T], "int32"),
    y: inputValue("y", [B, 1]),
    rates: inputValue("rates", [RATE_COUNT]),
    status: inputValue("status", [1], "int32"),
  };
  const weights = model.weightVariables;
  const slots = weights.map((weight) => optimizer.slots(weight));
  const output = model.graph.build([inputs.x]).outputs[0] as Value;
  const loss = ops.mean(resolveLoss("binaryCrossentropy").perSample(inputs.y, output));
  const { value, gradients } = differentiate(
    loss,
    weights.map((weight) => weight.value),
  );
  const { rates, status } = inputs;
  const clipped = optimizer.clip(gradients);
  const updates = weights.flatMap((weight, index) =>
    optimizer.update(weight, slots[index] ?? [], { gradient: clipped[index] as Value, rates, status }),
  );
  const graph: Graph = { outputs: [value], updates };
  const program = await Program.compile(device, graph, { label: "twenty steps", inputs: Object.values(inputs) });
  const variables = new Map<Variable, ReferenceArray>();
  try {
    for (let step = 0; step < STEPS; step++) {
      const feeds = feedsOf(inputs, optimizer, step);
      const [came] = await program.run(feeds);
      const [wanted] = interpret(graph, { inputs: feeds, variables });
      const place = `the loss of step ${step}`;
      expectNear(place, came?.data[0] as number, wanted?.data[0] as number, { absolute: 1e-4, relative: 0 });
    }
    for (const weight of weightTolerance === undefined ? [] : await model.weights()) {
      const variable = weights.find(({ name }) => name === weight.name) as Variable;
      const wanted = variables.get(variable) as ReferenceArray;
      expectClose(weight.name, weight, wanted, { absolute: weightTolerance as number, relative: 0 });
    }
  } finally {
    program.dispose();
    variablesOf(device).release(slots.flat());
  }
}

/**
 * An optimizer, and the tolerance of its end weights: undefined where a sign or a first step amplifies float32's
 * rounding.
 */
const OPTIMIZERS: readonly (readonly [string, () => Optimizer, number | undefined])[] = [
  ["SGD", () => sgd({ learningRate: 0.5 }), 1e-4],
  ["SGD with momentum", () => sgd({ learningRate: 0.1, momentum: 0.9 }), 1e-4],
  ["Adam", () => adam({ learningRate: 0.01 }), undefined],
  ["Adam on a schedule with a moving average", averagedAdam, undefined],
  ["RMSprop", () => rmsprop({ learningRate: 0.01 }), undefined],
  ["Adagrad", () => adagrad({ learningRate: 0.1 }), 1e-4],
  ["Adadelta", () => adadelta({ learningRate: 1 }), undefined],
  ["Nadam", () => nadam({ learningRate: 0.01 }), undefined],
  ["Adamax", () => adamax({ learningRate: 0.01 }), undefined],
  ["FTRL", () => ftrl({ learningRate: 0.1, l2RegularizationStrength: 0.001, beta: 0.1 }), undefined],
  ["Lion", () => lion({ learningRate: 0.001 }), undefined],
];

function averagedAdam(): Optimizer {
  const learningRate = cosineDecay({ initialLearningRate: 0, warmupTarget: 0.01, warmupSteps: 5, decaySteps: 15 });
  return adam({ learningRate, useEma: true, emaMomentum: 0.8, emaOverwriteFrequency: 4, globalClipnorm: 1 });
}

/** Embedding, LSTM and dense layer. */
export const referenceTrainingCases: readonly ConformanceCase[] = OPTIMIZERS.map(([name, make, weightTolerance]) => ({
  name: `training: 20 steps of ${name} against float64`,
  run: (device) => train(device, make(), weightTolerance),
}));
