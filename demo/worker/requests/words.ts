/** Answers requests about the words that a model knows, and their vectors. */
import { type Device, layerFromConfig, type Model, type NdArray, sequential } from "sluice";
import type { Moment, NearParams, NearWord, WordsParams, WordsResult } from "../../messages/words.ts";
import type { Context } from "../context.ts";
import type { Subject } from "../session.ts";
import { mapWords, type Neighbour, neighboursOf } from "../word_map.ts";

/** The tokenizer's words that have a vector, by id. Ids below `first` are not words. */
function knownWords({ encoder }: Subject, vectors: NdArray): { readonly first: number; readonly words: string[] } {
  const first = encoder.indexFrom + 1;
  const words = [...encoder.tokenizer.wordIndex.keys()].slice(0, (vectors.shape[0] as number) - first);
  return { first, words };
}

async function vectorsOf(device: Device, { model }: Subject, moment: Moment): Promise<NdArray> {
  if (moment === "after") return firstWeights(model);
  // The same layers with the same seed have the weights from before training.
  const layers = model.layers.map(({ className, config, name }) => layerFromConfig(className, config, name));
  using untrained = sequential(layers, { device, inputShape: model.inputShape, seed: model.seed });
  return firstWeights(untrained);
}

async function firstWeights(model: Model): Promise<NdArray> {
  const [vectors] = await model.weights();
  if (vectors?.shape.length !== 2) throw new Error("the model does not begin with an embedding");
  return vectors;
}

/** Projects the vectors of the words onto a map. */
export async function wordMap({ session, transfer }: Context, { which, moment }: WordsParams): Promise<WordsResult> {
  const subject = await session.subject(which);
  const device = await session.device();
  const vectors = await vectorsOf(device, subject, moment);
  const { first, words } = knownWords(subject, vectors);
  const size = vectors.shape[1] as number;
  const data = Float32Array.from(vectors.data.slice(first * size, (first + words.length) * size));
  const map = await mapWords(device, { shape: [words.length, size], data });
  transfer(map.points.buffer);
  const { wordCounts } = subject.encoder.tokenizer;
  return { ...map, words, size, counts: words.map((word) => wordCounts.get(word) ?? 0) };
}

/** Finds the words whose vectors have the largest cosine with a word's vector. */
export async function nearWords({ session }: Context, params: NearParams): Promise<readonly NearWord[]> {
  const subject = await session.subject(params.which);
  const device = await session.device();
  const vectors = await vectorsOf(device, subject, params.moment);
  const { first, words } = knownWords(subject, vectors);
  const near = await neighboursOf(device, vectors, { id: first + params.place, count: params.count, from: first });
  return near.flatMap(({ id, cosine }: Neighbour): NearWord[] =>
    id - first < words.length ? [{ place: id - first, cosine }] : [],
  );
}
