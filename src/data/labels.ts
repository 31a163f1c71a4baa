/** Converts class names to class indices. */

import { ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { listOf, readValue, text, texts } from "../core/option_table.ts";
import { shown } from "../core/options.ts";

const labelList = listOf(text);

/**
 * The distinct names, sorted: the class indices that `encodeLabels` uses.
 *
 * @example
 * labelsOf(["sport", "politics", "sport"]); // ["politics", "sport"]
 */
export function labelsOf(names: Iterable<string>): string[] {
  const list = Array.from(readValue("labelsOf", "names", texts, names));
  return [...new Set(readValue("labelsOf", "names", labelList, list))].sort();
}

/**
 * Encodes names as their indices in `labels`, float32 `[N, 1]`: targets for `sparseCategoricalCrossentropy` or, with
 * two classes, `binaryCrossentropy`.
 * @throws ValueError for a name that is not among `labels`.
 *
 * @example
 * const labels = labelsOf(topics);
 * await model.fit(encoder.encode(texts), encodeLabels(topics, labels));
 */
export function encodeLabels(names: readonly string[], labels: readonly string[]): NdArray {
  readValue("encodeLabels", "names", labelList, names);
  readValue("encodeLabels", "labels", labelList, labels);
  const numbers = new Map(labels.map((label, number) => [label, number]));
  const data = Float32Array.from(names, (name, index) => {
    const number = numbers.get(name);
    if (number !== undefined) return number;
    throw new ValueError(
      `encodeLabels: element ${index} is ${shown(name)}; expected one of ${labels.map(shown).join(", ")}`,
      { index, name },
    );
  });
  return { shape: [names.length, 1], data };
}
