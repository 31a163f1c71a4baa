/** A small model and data for tests of training. */
import {
  adam,
  type CompileOptions,
  type Device,
  dense,
  dropout,
  embedding,
  lstm,
  type Model,
  sequential,
} from "../../src/index.ts";

/** Ids a row has. */
export const LENGTH = 6;
/** Rows of the embedding's table. */
export const IDS = 20;

/** Embedding, dropout, LSTM and dense layer; compiled. */
export function smallModel(device: Device, options: Partial<CompileOptions> & { readonly seed?: number } = {}): Model {
  const { seed = 3, ...compile } = options;
  const model = sequential(
    [
      embedding({ inputDim: IDS, outputDim: 4 }),
      dropout({ rate: 0.25 }),
      lstm({ units: 4 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { device, inputShape: [LENGTH], seed },
  );
  model.compile({
    optimizer: adam({ learningRate: 0.01 }),
    loss: "binaryCrossentropy",
    metrics: ["accuracy"],
    ...compile,
  });
  return model;
}

/** `size` rows; the label says whether most ids are small. */
export function smallData(size: number) {
  const x = Array.from({ length: size }, (_, row) =>
    Array.from({ length: LENGTH }, (_, t) => (row * 7 + t * t * 3 + row * t) % IDS),
  );
  const y = x.map((row) => Number(row.filter((id) => id < IDS / 2).length > LENGTH / 2));
  return { x, y };
}

/** All weights end to end, as bits. */
export async function weightBits(model: Model): Promise<number[]> {
  const weights = await model.weights();
  return weights.flatMap(({ data }) => Array.from(new Int32Array(data.buffer, data.byteOffset, data.length)));
}
