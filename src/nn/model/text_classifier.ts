/** The classic network for reviews, as the command line and the page train it. */
import type { ReviewEncoder } from "../../data/review_encoder.ts";
import type { Device } from "../../runtime/device.ts";
import { dense, dropout, embedding, lstm } from "../layers/index.ts";
import { adam } from "../optimizers/index.ts";
import type { Model } from "./model.ts";
import { sequential } from "./sequential.ts";

/** What a text classifier is like. */
export interface TextClassifierOptions {
  readonly device: Device;
  /** What turns texts into ids. */
  readonly encoder: ReviewEncoder;
  /** T: words read of each text. */
  readonly maxLength: number;
  /** Numbers in a word's vector. */
  readonly embedding: number;
  /** Units of the LSTM. */
  readonly units: number;
  /** The share of the vectors' numbers that a training step leaves out; 0 for none. */
  readonly dropout: number;
  readonly learningRate: number;
  readonly seed: number;
}

/**
 * Embedding -> LSTM -> Dense, compiled with Adam and binary crossentropy: ids [B, T] in, the chance [B, 1] of class 1
 * out.
 *
 * @example
 * const { train, test, encoder } = await sentences.load({ numWords: 2000, maxLength: 40 });
 * const plan = { maxLength: 40, embedding: 32, units: 32, dropout: 0.5, learningRate: 0.003, seed: 7 };
 * const model = textClassifier({ device, encoder, ...plan });
 * await model.fit(train, { validationData: test, epochs: 5 });
 */
export function textClassifier(options: TextClassifierOptions): Model {
  const { device, encoder, units, maxLength, seed, learningRate } = options;
  const model = sequential(
    [
      embedding({ inputDim: encoder.inputDim, outputDim: options.embedding }),
      ...(options.dropout > 0 ? [dropout({ rate: options.dropout })] : []),
      lstm({ units }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { device, inputShape: [maxLength], seed },
  );
  model.compile({ optimizer: adam({ learningRate }), loss: "binaryCrossentropy", metrics: ["accuracy"] });
  model.encoder = encoder;
  return model;
}
