/** Word vectors as safetensors, which are smaller and faster to read than text. */
import { FormatError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { ifGiven, instanceOf, listOf, readOptions, readValue, type TableOf, text } from "../core/option_table.ts";
import { readSafetensors, type Safetensors, writeSafetensors } from "../io/safetensors.ts";
import { parseStrictJson } from "../io/strict_json.ts";
import { WordVectors } from "./word_vectors.ts";

/** The maximum header size; the header contains the words. */
export const MAX_HEADER_BYTES = 2 ** 28;

/** Information that other programs' files do not contain. */
export interface WordSafetensorsOptions {
  /** The words in row order; required if the file has no metadata `words` (a JSON array). */
  readonly words?: readonly string[] | undefined;
  /** The name of the tensor `[words, D]`. Default: `vectors`, or the only tensor. */
  readonly tensor?: string | undefined;
}

const WORDS = { words: ifGiven(listOf(text)), tensor: ifGiven(text) } satisfies TableOf<WordSafetensorsOptions>;

/** The tensors of word vectors: `vectors` float32 `[words, D]` and, if known, `counts` int32 `[words]`. */
export function wordTensors(vectors: WordVectors, counts = vectors.counts): Map<string, NdArray> {
  const { shape, data, size } = vectors;
  return new Map<string, NdArray>([
    ["vectors", { shape, data }],
    ...(counts === undefined ? [] : [["counts", { shape: [size], data: counts }] as const]),
  ]);
}

/** The metadata of word vectors: the words as JSON. */
export function wordMetadata({ words }: WordVectors): Map<string, string> {
  return new Map([["words", JSON.stringify(words)]]);
}

/**
 * Writes vectors, their counts if known, and the words as JSON in the file's metadata.
 * @example
 * const again = wordVectorsFromSafetensors(wordVectorsToSafetensors(vectors));
 */
export function wordVectorsToSafetensors(vectors: WordVectors): Uint8Array<ArrayBuffer> {
  readValue("wordVectorsToSafetensors", "vectors", instanceOf("WordVectors", WordVectors), vectors);
  return writeSafetensors(wordTensors(vectors), wordMetadata(vectors));
}

/**
 * Reads vectors from `wordVectorsToSafetensors`, or from another program's table and its words.
 * @throws FormatError if the file is damaged, or has no such tensor or no matching words.
 * @throws ShapeError, ValueError as `WordVectors`, if the given words do not match.
 */
export function wordVectorsFromSafetensors(
  bytes: Uint8Array,
  options: WordSafetensorsOptions = {},
  name = "safetensors",
): WordVectors {
  const given = readOptions("wordVectorsFromSafetensors(bytes)", WORDS, options);
  return wordVectorsOf(readSafetensors(bytes, name, { maxHeaderBytes: MAX_HEADER_BYTES }), given, name);
}

/** The word vectors among a file's tensors. @throws as `wordVectorsFromSafetensors`. */
export function wordVectorsOf(
  { tensors, metadata }: Safetensors,
  { words: given, tensor }: WordSafetensorsOptions,
  name: string,
): WordVectors {
  const [first] = tensors.keys();
  const key = tensor ?? (tensors.has("vectors") || tensors.size !== 1 ? "vectors" : first);
  const vectors = tensors.get(key ?? "vectors");
  if (vectors === undefined) {
    throw new FormatError(
      `${name}: has no tensor ${JSON.stringify(key)}; it has ` +
        `${[...tensors.keys()].slice(0, 5).join(", ") || "none"}: name the one to read`,
      { tensor: key },
    );
  }
  const counts = given === undefined ? tensors.get("counts")?.data : undefined;
  if (counts !== undefined && !(counts instanceof Int32Array && counts.every((count) => count >= 0))) {
    throw new FormatError(`${name}: counts: expected whole numbers of at least 0`);
  }
  if (given !== undefined) return new WordVectors(given, vectors);
  const words = wordsOf(metadata, name);
  try {
    return new WordVectors(words, vectors, counts);
  } catch (cause) {
    const { message } = cause as Error;
    throw new FormatError(`${name}: ${message}`, {}, { cause });
  }
}

function wordsOf(metadata: ReadonlyMap<string, string>, name: string): readonly string[] {
  const text = metadata.get("words");
  if (text === undefined) {
    throw new FormatError(`${name}: it has no words (metadata "words"); give them: { words: [...] }`);
  }
  const words = parseStrictJson(new TextEncoder().encode(text), `${name}: words`);
  if (Array.isArray(words) && words.every((word): word is string => typeof word === "string")) return words;
  throw new FormatError(`${name}: words: expected a JSON array of strings`);
}
