/** The words that a model knows, and where their vectors lie. */
import { type Device, layerFromConfig, type Model, type NdArray, sequential } from "sluice";
import type { Moment, NearParams, NearWord, WordsParams, WordsResult } from "../../messages/words.ts";
import type { Context } from "../context.ts";
import type { Subject } from "../session.ts";
import { mapWords, type Neighbour, neighboursOf } from "../word_map.ts";

/** Words of the tokenizer that have a vector of their own, by id; what comes before them stands for no word. */
function knownWords({ encoder }: Subject, vectors: NdArray): { readonly first: number; readonly words: string[] } {
  const first = encoder.indexFrom + 1;
  const words = [...encoder.tokenizer.wordIndex.keys()].slice(0, (vectors.shape[0] as number) - first);
  return { first, words };
}

async function vectorsOf(device: Device, { model }: Subject, moment: Moment): Promise<NdArray> {
  if (moment === "after") return firstWeights(model);
  // The same layers from the same seed: what the training began with.
  const layers = model.layers.map(({ className, config, name }) => layerFromConfig(className, config, name));
  using untrained = sequential(layers, { device, inputShape: model.inputShape, seed: model.seed });
  return firstWeights(untrained);
}

async function firstWeights(model: Model): Promise<NdArray> {
  const [vectors] = await model.weights();
  if (vectors?.shape.length !== 2) throw new Error("the model does not begin with an embedding");
  return vectors;
}

/** The words that have vectors of their own, on a map of those vectors. */
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

/** The words whose vectors point most nearly where a word's does. */
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
