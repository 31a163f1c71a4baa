/** Word vectors and embedders on the GPU, the same in every runtime. */
import {
  modelEmbedder,
  type Pooling,
  siamese,
  similarity,
  trainWordVectors,
  type WordVectors,
} from "../../src/embed/index.ts";
import { SkipGramBatches, type SkipGramShape } from "../../src/embed/skip_gram_batches.ts";
import { skipGramInputs, skipGramLoss } from "../../src/embed/skip_gram_step.ts";
import { readCorpus } from "../../src/embed/word_corpus.ts";
import {
  type Device,
  embedding,
  gradients,
  inputValue,
  interpret,
  lstm,
  type NdArray,
  Program,
  Random,
  ReviewEncoder,
  sequential,
  Tokenizer,
  type Value,
} from "../../src/index.ts";
import { expectClose, expectNear } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";
import { GRADIENTS, VALUES } from "./keras_case.ts";

const SHAPE: SkipGramShape = { groups: 3, centres: 7, window: 4, noise: 5 };

/** Texts of two languages that share no word. */
function texts(): string[] {
  const random = new Random(21);
  return Array.from({ length: 120 }, (_, index) =>
    Array.from({ length: 9 }, () => `${"xy"[index % 2]}${random.integer(9)}`).join(" "),
  );
}

/** Loss and gradients of a step on the GPU against the same graph in float64. */
async function stepAgainstReference(device: Device): Promise<void> {
  const corpus = readCorpus(texts().slice(0, 4), { minCount: 1 });
  const batches = new SkipGramBatches(corpus, SHAPE, { seed: 5, sample: 0, noiseExponent: 0.75 });
  batches.begin(0);
  batches.next();
  const batch = batches.next();
  if (batch === undefined) throw new Error("the epoch has no second batch");
  const random = new Random(6);
  const shape = [corpus.words.length, 9];
  const feeds = new Map<Value, NdArray>();
  const table = (name: string): Value => {
    const value = inputValue(name, shape);
    feeds.set(value, { shape, data: Float32Array.from({ length: (shape[0] as number) * 9 }, () => random.normal()) });
    return value;
  };
  const tables = { inner: table("inner"), outer: table("outer") };
  const inputs = skipGramInputs(SHAPE);
  for (const name of ["centres", "others", "left", "right"] as const) {
    feeds.set(inputs[name], { shape: inputs[name].shape, data: batch[name].slice() });
  }
  const loss = skipGramLoss(tables, inputs, SHAPE, 5);
  const outputs = [loss, ...gradients(loss, [tables.inner, tables.outer])];
  const graph = { outputs, updates: [] };
  const program = await Program.compile(device, graph, { label: "skip-gram", inputs: [...feeds.keys()] });
  try {
    const came = await program.run(feeds);
    const wanted = interpret(graph, { inputs: feeds });
    for (const [index, name] of ["loss", "inner", "outer"].entries()) {
      const { shape: size, data } = wanted[index] as (typeof wanted)[number];
      expectClose(name, came[index] as NdArray, { shape: size, data: Array.from(data) }, GRADIENTS);
    }
  } finally {
    program.dispose();
  }
}

/** One seed, the same bits; words of one language come together. */
async function training(device: Device): Promise<void> {
  const options = { device, minCount: 1, sample: 0, vectorSize: 10, batchSize: 192, seed: 3 };
  const run = (): Promise<WordVectors> => trainWordVectors(texts(), options);
  const [first, again] = [await run(), await run()];
  first.data.forEach((value, at) => {
    if (value !== again.data[at]) throw new Error(`number ${at} is ${again.data[at]}; the first run had ${value}`);
  });
  for (const word of first.words) {
    const stranger = first.mostSimilar({ positive: word, topn: 5 }).find((near) => near.word[0] !== word[0]);
    if (stranger !== undefined) throw new Error(`${stranger.word} is among the five words nearest to ${word}`);
  }
}

/** A text's vector is the same whatever it is padded to, alone and among others, and siamese gives its cosines. */
async function embedTexts(device: Device): Promise<void> {
  const list = ["a b c", "c", "b a b a c c a b", ""];
  const tokenizer = new Tokenizer();
  tokenizer.fitOnTexts(list);
  const encoder = new ReviewEncoder(tokenizer, { maxLength: 6, padding: "post" });
  const words = embedding({ inputDim: encoder.inputDim, outputDim: 4, maskZero: true });
  using model = sequential([words, lstm({ units: 5 })], { device, inputShape: [6], seed: 2 });
  model.encoder = encoder;
  using embedder = modelEmbedder(model);
  const predicted = await model.predict(encoder.encode(list));
  for (const pooling of ["last", "mean", "max"] satisfies Pooling[]) {
    const all = await embedder.embed(list, { pooling });
    for (const [index, text] of list.entries()) {
      const alone = await embedder.embed(text, { pooling });
      alone.data.forEach((value, at) => {
        expectNear(`${pooling} of "${text}"[${at}]`, all.row(index)[at] as number, value, VALUES);
        if (pooling !== "last" || text === "") return;
        expectNear(`the model of "${text}"[${at}]`, value, predicted.data[index * 5 + at] as number, VALUES);
      });
    }
    if (all.unknown.join() !== "3") throw new Error(`unknown texts are ${all.unknown.join()}; expected 3`);
  }
  using both = siamese(model);
  const [cosine] = (await both.predict([encoder.encode(["a b c"]), encoder.encode(["c"])])).data;
  const vectors = await embedder.embed(["a b c", "c"]);
  expectNear("cosine", cosine as number, similarity("cosine", vectors.row(0), vectors.row(1)), VALUES);
}

export const embedCases: readonly ConformanceCase[] = [
  { name: "embed: a step of skip-gram against float64", run: stepAgainstReference },
  { name: "embed: word vectors repeat bit for bit", run: training },
  { name: "embed: texts padded or alone, and pairs", run: embedTexts },
];
