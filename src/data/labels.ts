/** Names of classes as class numbers. */

import { ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { listOf, readValue, text, texts } from "../core/option_table.ts";
import { shown } from "../core/options.ts";

const labelList = listOf(text);

/**
 * The different names, sorted: the order in which `encodeLabels` numbers them.
 *
 * @example
 * labelsOf(["sport", "politics", "sport"]); // ["politics", "sport"]
 */
export function labelsOf(names: Iterable<string>): string[] {
  const list = Array.from(readValue("labelsOf", "names", texts, names));
  return [...new Set(readValue("labelsOf", "names", labelList, list))].sort();
}

/**
 * The number of each name among `labels`, as targets for `sparseCategoricalCrossentropy`, or, of two classes, for
 * `binaryCrossentropy`: float32 `[N, 1]`.
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
