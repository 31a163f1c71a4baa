/** The tutorial's model and a batch of its data at their full sizes. */
import { adam, type Device, dense, embedding, lstm, sequential } from "../../src/index.ts";

/** Dispatches that a training step takes at most, those that only keep each other short apart. */
export const MOST_DISPATCHES = 40;

export const [ROWS, LENGTH, WORDS] = [64, 500, 5000];

/** 64 rows without padding, and their labels. */
export const tutorialBatch = () => ({
  x: { shape: [ROWS, LENGTH], data: Int32Array.from({ length: ROWS * LENGTH }, (_, at) => (at * 7919) % WORDS) },
  y: { shape: [ROWS, 1], data: Float32Array.from({ length: ROWS }, (_, at) => at % 2) },
});

/** The compiled model. The caller disposes it. */
export function tutorialModel(device: Device) {
  const model = sequential(
    [embedding({ inputDim: WORDS, outputDim: 32 }), lstm({ units: 100 }), dense({ units: 1, activation: "sigmoid" })],
    { device, inputShape: [LENGTH], seed: 7 },
  );
  model.compile({ optimizer: adam(), loss: "binaryCrossentropy", metrics: ["accuracy"] });
  return model;
}
