/**
 * A functional model with all that flows in one: against the same graph in float64, and fed against kept on the GPU.
 */

import { readOptions } from "../../src/core/option_table.ts";
import {
  bidirectional,
  concatenate,
  type Device,
  dense,
  dropout,
  embedding,
  gru,
  input,
  inputValue,
  interpret,
  lstm,
  type Model,
  model,
  type NdArray,
  Program,
  Random,
  sequential,
  sgd,
  type Value,
} from "../../src/index.ts";
import { compileModel } from "../../src/nn/model/compile_model.ts";
import { COMPILE } from "../../src/nn/model/model_options.ts";
import { measure } from "../../src/nn/training/objective.ts";
import { differentiate } from "../../src/transform/differentiate.ts";
import { expectClose, expectNear } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";
import { GRADIENTS, VALUES } from "./keras_case.ts";

const [B, T, V] = [5, 6, 11];

/** Two inputs with masks, a shared embedding, an inner model, states that pass from layer to layer, two outputs. */
export function everything(device: Device): Model<NdArray[]> {
  const [title, body] = [input({ shape: [4], name: "title" }), input({ shape: [T], name: "body" })];
  const words = embedding({ inputDim: V, outputDim: 5, maskZero: true });
  const read = bidirectional({ layer: gru({ units: 3 }) }).call(words.call(title));
  const [, h, c] = lstm({ units: 4, returnState: true }).call(words.call(body));
  const again = lstm({ units: 4, returnSequences: true }).call(dropout({ rate: 0.3 }).call(words.call(body)), {
    initialState: [h, c],
  });
  const head = sequential([dense({ units: 4, activation: "tanh" }), dense({ units: 3 })], { inputShape: [4] });
  const kind = dense({ units: 3, activation: "softmax", name: "kind" }).call(concatenate().call([read, head.call(h)]));
  const marks = dense({ units: 1, name: "marks" }).call(again);
  return model({ inputs: [title, body], outputs: [kind, marks], device, seed: 8 });
}

/** Rows that end in padding, targets and weights. */
export function examples() {
  const random = new Random(4, 0);
  const ids = (time: number) =>
    Array.from({ length: B }, (_, row) =>
      Array.from({ length: time }, (_, t) => (t > time - 1 - (row % 3) ? 0 : 1 + random.integer(V - 1))),
    );
  return {
    x: [ids(4), ids(T)] as const,
    y: [
      Array.from({ length: B }, () => random.integer(3)),
      Array.from({ length: B }, () => Array.from({ length: T }, () => [2 * random.uniform() - 1])),
    ] as const,
    sampleWeight: Array.from({ length: B }, () => 0.2 + random.uniform()),
  };
}

const LOSSES = { kind: "sparseCategoricalCrossentropy", marks: "meanSquaredError" };
const flat = (nested: unknown): number[] => [nested].flat(9) as number[];

async function againstReference(device: Device): Promise<void> {
  using made = everything(device);
  const { graph } = made;
  const { objectives } = compileModel(
    graph,
    readOptions("compile", COMPILE, { loss: LOSSES, lossWeights: { kind: 0.7, marks: 1.5 } }),
  );
  const { x, y, sampleWeight } = examples();
  const feeds = new Map<Value, NdArray>();
  const feed = (name: string, shape: number[], data: unknown, dtype: "float32" | "int32" = "float32"): Value => {
    const value = inputValue(name, shape, dtype);
    const numbers = flat(data);
    feeds.set(value, { shape, data: dtype === "int32" ? Int32Array.from(numbers) : Float32Array.from(numbers) });
    return value;
  };
  const xs = [feed("title", [B, 4], x[0], "int32"), feed("body", [B, T], x[1], "int32")];
  const ys = [feed("kind", [B], y[0]), feed("marks", [B, T, 1], y[1])];
  const weight = feed("weight", [B], sampleWeight);
  const step = feed("step", [], 3, "int32");
  const result = graph.build(xs, step);
  const measured = measure(objectives, { ys, weights: [weight, weight] }, result);
  const wrt = graph.weights.map(({ value }) => value);
  const { value, gradients, others } = differentiate(measured.loss, wrt, [...measured.losses, ...result.outputs]);
  const outputs = [value, ...others, ...gradients];
  const program = await Program.compile(
    device,
    { outputs, updates: [] },
    { label: "everything", inputs: [...feeds.keys()] },
  );
  try {
    const came = await program.run(feeds);
    const wanted = interpret({ outputs, updates: [] }, { inputs: feeds });
    outputs.forEach((_, index) => {
      const tolerance = index <= others.length ? VALUES : GRADIENTS;
      const name = made.graph.weights[index - 1 - others.length]?.name ?? `value ${index}`;
      const [a, b] = [came[index] as NdArray, wanted[index] as (typeof wanted)[number]];
      expectClose(name, a, { shape: b.shape, data: Array.from(b.data) }, tolerance);
    });
  } finally {
    program.dispose();
  }
}

/** A generator's batches and `trainOnBatch` train to the bits of rows that are kept on the GPU. */
async function fedAndKept(device: Device): Promise<void> {
  const { x, y, sampleWeight } = examples();
  const cut = <T>(list: readonly T[], from: number) => list.slice(from, from + 2);
  const batches = [0, 2, 4].map((from) => ({
    x: [cut(x[0], from), cut(x[1], from)],
    y: { kind: cut(y[0], from), marks: cut(y[1], from) },
    sampleWeight: cut(sampleWeight, from),
  }));
  const train = async (run: (made: Model<NdArray[]>) => Promise<unknown>): Promise<readonly NdArray[]> => {
    using made = everything(device);
    made.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: LOSSES });
    await run(made);
    return made.weights();
  };
  const kept = await train((made) => made.fit([...x], [...y], { sampleWeight, batchSize: 2, shuffle: false }));
  const streamed = await train((made) => made.fit(() => batches));
  const single = await train(async (made) => {
    for (const batch of batches) await made.trainOnBatch(batch.x, batch.y, { sampleWeight: batch.sampleWeight });
  });
  kept.forEach((weight, index) => {
    for (const other of [streamed[index], single[index]]) {
      weight.data.forEach((number, at) => {
        expectNear(`weight ${index}[${at}]`, other?.data[at] as number, number, { absolute: 0, relative: 0 });
      });
    }
  });
}

/** Inputs, outputs, masks, states, weights. */
export const functionalCases: readonly ConformanceCase[] = [
  { name: "functional: losses, outputs and gradients against float64", run: againstReference },
  { name: "functional: rows, streams and single batches train to the same bits", run: fedAndKept },
];
