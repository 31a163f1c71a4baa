/** The words that a model knows, and where their vectors lie. */
import { type Device, layerFromConfig, type Model, type NdArray, sequential } from "sluice";
import type { Context } from "../../protocol.ts";
import type { Subject, Which } from "../session.ts";
import { mapWords, type Neighbour, neighboursOf, type WordMap } from "../word_map.ts";

/** The model as it is, or with the weights that its seed gave it before it learnt anything. */
export type Moment = "before" | "after";

export interface WordsParams {
  readonly which: Which;
  readonly moment: Moment;
}

/** A map, with the words of its points in their order. */
export interface WordsResult extends WordMap {
  readonly words: readonly string[];
  /** Numbers of a vector. */
  readonly size: number;
  /** How often each occurs in the texts that the model was trained on. */
  readonly counts: readonly number[];
}

/** A word near another, by its place among the words. */
export interface NearWord {
  readonly place: number;
  readonly cosine: number;
}

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

export interface NearParams extends WordsParams {
  readonly place: number;
  readonly count: number;
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
