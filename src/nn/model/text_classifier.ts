/** The text classifier that the command line and the demo page train. */
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
  /** Encodes texts as ids; must have an `inputDim`. */
  readonly encoder: Encoder;
  /** The class names, ordered by class index. Without them, the model has two unnamed classes, 0 and 1. */
  readonly labels?: readonly string[] | undefined;
  /** T: the number of words read from each text. Default: the encoder's `maxLength`, or 200 if it has none. */
  readonly maxLength?: number | undefined;
  /** The dimension of the word vectors. Default: 32. */
  readonly embedding?: number | undefined;
  /** Units of the LSTM. Default: 32. */
  readonly units?: number | undefined;
  /** The dropout rate of the word vectors; 0 disables dropout. Default: 0.5. */
  readonly dropout?: number | undefined;
  /** Adam's learning rate. Default: 0.003. */
  readonly learningRate?: number | undefined;
  /** The seed of the initial weights and of training's random numbers. Default: a random seed. */
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

/** The default `maxLength` if the encoder has none. */
const MAX_LENGTH = 200;

/**
 * Embedding -> LSTM -> Dense, compiled with Adam: the input is ids `[B, T]`. With three or more labels, the output is
 * the probability of each class, `[B, labels]`, and the loss is `sparseCategoricalCrossentropy`; otherwise the output
 * is the probability of class 1, `[B, 1]`, and the loss is `binaryCrossentropy`. The labels are saved with the model;
 * `classify` returns them.
 * @throws ValueError for an unknown option, a value of the wrong type, fewer than two labels or a duplicate label.
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
      `textClassifier: the "${encoder.kind}" encoder has no inputDim; expected one more than its largest id`,
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
