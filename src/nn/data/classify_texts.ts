/** Text classification with named classes, by a model or a saved plan. */
import { ShapeError, ValueError } from "../../core/errors.ts";
import type { JsonValue } from "../../core/json_check.ts";
import type { NdArray } from "../../core/nd_array.ts";
import type { Shape } from "../../core/shape.ts";
import type { Encoder } from "../../data/encoder.ts";
import type { InputLike } from "./data_input.ts";

/** The predicted class of a text. */
export interface Classification {
  /** The name of the most probable class. */
  readonly label: string;
  /** Its probability. */
  readonly probability: number;
  /** The probability of each class by its name. */
  readonly probabilities: Readonly<Record<string, number>>;
}

/** A model or a saved plan that classifies. */
export interface Classifier {
  readonly encoder: Encoder | undefined;
  readonly metadata: Readonly<Record<string, JsonValue>>;
  readonly outputShapes: readonly Shape[];
  /** The outputs for an input, `[N, ...]`. */
  readonly predict: (x: InputLike) => Promise<NdArray | NdArray[]>;
}

/**
 * Classifies each text.
 * @throws ValueError if the model has no encoder or no `labels` in its metadata.
 * @throws ShapeError unless the output is one probability per label, or a single one for two labels.
 */
export async function classifyTexts(model: Classifier, texts: string | readonly string[]): Promise<Classification[]> {
  const { encoder, outputShapes } = model;
  if (encoder === undefined) {
    throw new ValueError("classify: the model has no encoder; set model.encoder, which encodes texts as its input");
  }
  const labels = labelsIn(model.metadata);
  const [shape, ...others] = outputShapes;
  const [units, ...inner] = shape ?? [];
  const isBinary = units === 1 && labels.length === 2;
  if (others.length > 0 || inner.length > 0 || !(isBinary || units === labels.length)) {
    throw new ShapeError(
      `classify: the model gives ${outputShapes.map((each) => `[${each.join(", ")}]`).join(" and ")} for a text; ` +
        `expected [${labels.length}]${labels.length === 2 ? " or [1]" : ""}: one probability per label`,
      { outputShapes, labels },
    );
  }
  const list = [texts].flat();
  if (list.length === 0) return [];
  const [output] = [await model.predict(encoder.encode(list))].flat();
  return list.map((_, row) => {
    const outputs = Array.from(output?.data.subarray(row * units, (row + 1) * units) ?? []);
    const [positive = 0] = outputs;
    const probabilities = isBinary ? [1 - positive, positive] : outputs;
    const probability = Math.max(...probabilities);
    return {
      label: labels[probabilities.indexOf(probability)] ?? "",
      probability,
      probabilities: Object.fromEntries(labels.map((label, number) => [label, probabilities[number] ?? 0])),
    };
  });
}

function labelsIn({ labels }: Classifier["metadata"]): string[] {
  const names = Array.isArray(labels) ? labels.filter((label) => typeof label === "string") : [];
  if (Array.isArray(labels) && names.length === labels.length && names.length >= 2) return names;
  throw new ValueError(
    "classify: the model has no label names; expected two names or more in its metadata, as in " +
      'model.metadata = { ...model.metadata, labels: ["sport", "politics"] }',
    { labels },
  );
}
