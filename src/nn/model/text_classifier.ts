/** The classic network for reviews and other texts, as the command line and the page train it. */
import { ValueError } from "../../core/errors.ts";
import {
  aboveZero,
  count,
  listOf,
  optional,
  positive,
  rate,
  readOptions,
  required,
  resolvedBy,
  type TableOf,
  text,
  withDefault,
} from "../../core/option_table.ts";
import { type Encoder, expectEncoder } from "../../data/encoder.ts";
import type { Device } from "../../runtime/device.ts";
import { deviceKind } from "../../runtime/device_kind.ts";
import { dense, dropout, embedding, lstm } from "../layers/index.ts";
import { adam } from "../optimizers/index.ts";
import type { Model } from "./model.ts";
import { sequential } from "./sequential.ts";

/** Options of `textClassifier`. */
export interface TextClassifierOptions {
  readonly device: Device;
  /** Turns texts into ids; it must have an `inputDim`. */
  readonly encoder: Encoder;
  /**
   * The names of the classes, in the order of their numbers. Without them the model has two classes, 0 and 1, and no
   * names.
   */
  readonly labels?: readonly string[] | undefined;
  /** T: the words that are read of each text; the encoder's `maxLength` by default, or 200 if it has none. */
  readonly maxLength?: number | undefined;
  /** The dimension of the word vectors; 32 by default. */
  readonly embedding?: number | undefined;
  /** Units of the LSTM; 32 by default. */
  readonly units?: number | undefined;
  /** The share of the vectors' numbers that a training step leaves out, 0 for none; 0.5 by default. */
  readonly dropout?: number | undefined;
  /** Adam's learning rate; 0.003 by default. */
  readonly learningRate?: number | undefined;
  /** The seed of the weights, and of the training's random numbers; drawn at random by default. */
  readonly seed?: number | undefined;
}

const OPTIONS = {
  device: required(deviceKind),
  encoder: required(resolvedBy("an encoder", expectEncoder)),
  labels: optional(listOf(text)),
  maxLength: optional(positive),
  embedding: withDefault(positive, 32),
  units: withDefault(positive, 32),
  dropout: withDefault(rate, 0.5),
  learningRate: withDefault(aboveZero, 0.003),
  seed: optional(count),
} satisfies TableOf<TextClassifierOptions>;

/** The words that are read of a text if neither the caller nor the encoder says. */
const MAX_LENGTH = 200;

/**
 * Embedding -> LSTM -> Dense, compiled with Adam: ids `[B, T]` in. With three labels or more the output is the
 * probability of each class, `[B, labels]`, and the loss `sparseCategoricalCrossentropy`; with two, or none, it is the
 * probability of class 1, `[B, 1]`, and the loss `binaryCrossentropy`. The labels are saved with the model, and
 * `classify` answers with them.
 * @throws ValueError for an option that is unknown or of another kind, for fewer than two labels, or a label twice.
 *
 * @example
 * const encoder = new Tokenizer({ numWords: 5000 });
 * encoder.fitOnTexts(texts);
 * const labels = labelsOf(topics); // ["politics", "science", "sport"]
 * const model = textClassifier({ device, encoder, labels });
 * await model.fit(encoder.encode(texts), encodeLabels(topics, labels), { epochs: 5 });
 * await model.classify("The home team won."); // [{ label: "sport", probability: 0.9, probabilities: { … } }]
 */
export function textClassifier(given: TextClassifierOptions): Model {
  const { device, encoder, seed, learningRate, ...options } = readOptions("textClassifier", OPTIONS, given);
  const { inputDim, maxLength = MAX_LENGTH } = encoder;
  if (inputDim === undefined) {
    throw new ValueError(
      `textClassifier: the encoder of the kind "${encoder.kind}" has no inputDim; expected one more than its largest ` +
        "id",
    );
  }
  const labels = options.labels ?? [];
  if (options.labels !== null && (labels.length < 2 || new Set(labels).size < labels.length)) {
    throw new ValueError(
      `textClassifier: labels are ${labels.map((label) => `"${label}"`).join(", ")}; expected two different ones or ` +
        "more",
      { labels },
    );
  }
  const isBinary = labels.length <= 2;
  const model = sequential(
    [
      embedding({ inputDim, outputDim: options.embedding }),
      ...(options.dropout > 0 ? [dropout({ rate: options.dropout })] : []),
      lstm({ units: options.units }),
      isBinary ? dense({ units: 1, activation: "sigmoid" }) : dense({ units: labels.length, activation: "softmax" }),
    ],
    { device, inputShape: [options.maxLength ?? maxLength], seed: seed ?? undefined },
  );
  model.compile({
    optimizer: adam({ learningRate }),
    loss: isBinary ? "binaryCrossentropy" : "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  model.encoder = encoder;
  if (labels.length > 0) model.metadata = { labels };
  return model;
}
