/** Whole trainings and printed summaries against Keras's. */
import {
  bidirectional,
  conv1d,
  type Device,
  dense,
  dropout,
  embedding,
  gru,
  input,
  lstm,
  type Model,
  maxPooling1d,
  model,
  sequential,
} from "../../src/index.ts";
import summaries from "../fixtures/keras_summaries.json" with { type: "json" };
import trainings from "../fixtures/keras_training.json" with { type: "json" };
import { expectClose, expectNear } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";
import { type KerasArray, toArray } from "./keras_case.ts";

interface TrainingCase {
  readonly model: "lstm" | "gru";
  readonly optimizer: string;
  readonly sizes: Readonly<Record<"V" | "E" | "H" | "T" | "B", number>>;
  readonly startWeights: readonly KerasArray[];
  readonly x: KerasArray;
  readonly y: KerasArray;
  readonly losses: readonly number[];
  readonly endWeights: readonly KerasArray[];
}

async function startModel(
  device: Device,
  { model: recurrent, sizes, optimizer, startWeights }: TrainingCase,
): Promise<Model> {
  const model = sequential(
    [
      embedding({ inputDim: sizes.V, outputDim: sizes.E }),
      recurrent === "gru" ? gru({ units: sizes.H }) : lstm({ units: sizes.H }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { device, inputShape: [sizes.T] },
  );
  await model.setWeights(startWeights);
  model.compile({ optimizer, loss: "binaryCrossentropy" });
  return model;
}

async function compareWeights(model: Model, { endWeights }: TrainingCase): Promise<void> {
  for (const [index, weight] of (await model.weights()).entries()) {
    expectClose(`end weight ${weight.name}`, weight, endWeights[index] as KerasArray, {
      absolute: 2e-4,
      relative: 1e-3,
    });
  }
}

/** One epoch without shuffling takes the batches in their order. */
async function trainAtOnce(device: Device, fixture: TrainingCase): Promise<void> {
  using model = await startModel(device, fixture);
  const x = toArray(fixture.x, "int32");
  const { history } = await model.fit(x, toArray(fixture.y), { batchSize: fixture.sizes.B, shuffle: false });
  const mean = fixture.losses.reduce((sum, loss) => sum + loss, 0) / fixture.losses.length;
  expectNear("the epoch's loss", history.loss?.[0] as number, mean, { absolute: 0, relative: 1e-4 });
  await compareWeights(model, fixture);
}

/** Keras's `train_on_batch`: the optimizer goes on from batch to batch. */
async function trainByBatch(device: Device, fixture: TrainingCase): Promise<void> {
  using model = await startModel(device, fixture);
  const { B, T } = fixture.sizes;
  for (const [batch, wanted] of fixture.losses.entries()) {
    const rows = (data: readonly number[], width: number) => data.slice(batch * B * width, (batch + 1) * B * width);
    const x = toArray({ shape: [B, T], data: rows(fixture.x.data, T) }, "int32");
    const y = toArray({ shape: [B, 1], data: rows(fixture.y.data, 1) });
    const { loss } = await model.trainOnBatch(x, y);
    expectNear(`the loss of batch ${batch}`, loss as number, wanted, { absolute: 0, relative: 1e-3 });
  }
  await compareWeights(model, fixture);
}

function summaryOf(name: string): string {
  return (summaries.find((summary) => summary.name === name)?.summary ?? "").trim();
}

function expectText(came: string, wanted: string): void {
  if (came.trim() !== wanted) throw new Error(`the summary is\n${came}\nexpected\n${wanted}`);
}

const fixtures = trainings as unknown as readonly TrainingCase[];

/** Trainings from Keras's start weights, and summaries. */
export const kerasTrainingCases: readonly ConformanceCase[] = [
  ...fixtures.flatMap((fixture): ConformanceCase[] => [
    {
      name: `keras: training ${fixture.model} by ${fixture.optimizer}, one fit`,
      run: (device) => trainAtOnce(device, fixture),
    },
    {
      name: `keras: training ${fixture.model} by ${fixture.optimizer}, batch by batch`,
      run: (device) => trainByBatch(device, fixture),
    },
  ]),
  {
    name: "keras: the summary of the sentiment model",
    run: async (device) => {
      using model = sequential(
        [
          embedding({ inputDim: 60, outputDim: 8, name: "embedding_4" }),
          lstm({ units: 12, name: "lstm_15" }),
          dense({ units: 1, activation: "sigmoid", name: "dense_14" }),
        ],
        { device, inputShape: [15], name: "sentiment" },
      );
      expectText(model.summary(), summaryOf("sentiment"));
    },
  },
  {
    name: "keras: the summary of the bidirectional functional model",
    run: async (device) => {
      const ids = input({ shape: [9], dtype: "int32", name: "ids" });
      const words = embedding({ inputDim: 40, outputDim: 6, maskZero: true, name: "embedding_5" }).call(ids);
      const read = bidirectional({ layer: gru({ units: 7 }), name: "bidirectional_4" }).call(words);
      const kept = dropout({ rate: 0.2, name: "dropout" }).call(read);
      const kind = dense({ units: 3, activation: "softmax", name: "dense_15" }).call(kept);
      using made = model({ inputs: ids, outputs: kind, device, name: "functional_bidirectional" });
      expectText(made.summary(), summaryOf("functional_bidirectional"));
    },
  },
  {
    name: "keras: the summary of the convolutional model",
    run: async (device) => {
      using made = sequential(
        [
          embedding({ inputDim: 30, outputDim: 6, name: "embedding_6" }),
          conv1d({ filters: 5, kernelSize: 3, padding: "same", name: "conv1d_3" }),
          maxPooling1d({ poolSize: 2, name: "max_pooling1d_1" }),
          lstm({ units: 4, name: "lstm_18" }),
          dense({ units: 1, name: "dense_17" }),
        ],
        { device, inputShape: [10], name: "cnn_lstm" },
      );
      expectText(made.summary(), summaryOf("cnn_lstm"));
    },
  },
  {
    name: "keras: the summary of the forecast model",
    run: async (device) => {
      using model = sequential(
        [
          lstm({ units: 6, returnSequences: true, name: "lstm_16" }),
          dropout({ rate: 0.2, name: "dropout_1" }),
          lstm({ units: 6, name: "lstm_17" }),
          dropout({ rate: 0.2, name: "dropout_2" }),
          dense({ units: 1, name: "dense_16" }),
        ],
        { device, inputShape: [12, 1], name: "forecast" },
      );
      expectText(model.summary(), summaryOf("forecast"));
    },
  },
];
