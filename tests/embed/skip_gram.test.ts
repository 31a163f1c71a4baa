/** Skip-gram: what is drawn, the loss and its gradient against their definitions, and what a training learns. */
import { afterAll, describe, expect, test } from "vitest";
import { AbortError, NonFiniteError, ValueError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { trainWordVectors, type WordVectorProgress } from "../../src/embed/index.ts";
import { type SkipGramBatch, SkipGramBatches, type SkipGramShape } from "../../src/embed/skip_gram_batches.ts";
import { skipGramInputs, skipGramLoss } from "../../src/embed/skip_gram_step.ts";
import { drawNoise, keepProbabilities, noiseDistribution, readCorpus } from "../../src/embed/word_corpus.ts";
import { gradients, inputValue, interpret, type NdArray, type Value } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { countGpuCalls } from "../support/gpu_calls.ts";

const SHAPE: SkipGramShape = { groups: 2, centres: 5, window: 3, noise: 4 };
const SAMPLING = { seed: 3, sample: 0, noiseExponent: 0.75 };

/** Three texts over the words 0 to 6, whose frequent ones come first. */
const CORPUS = readCorpus(["a b c a b a d", "e f g e", "a b a c d e f g a b c d a a b"], { minCount: 1 });

/** All batches of an epoch, each with arrays of its own. */
function batchesOf(epoch: number, options = SAMPLING, corpus = CORPUS): SkipGramBatch[] {
  const source = new SkipGramBatches(corpus, SHAPE, options);
  const all: SkipGramBatch[] = [];
  source.begin(epoch);
  for (let batch = source.next(); batch !== undefined; batch = source.next()) all.push(structuredClone(batch));
  return all;
}

describe("a corpus", () => {
  test("ranks words by count, ties by first appearance, and leaves rare ones out", () => {
    const { words, counts, tokens, starts } = readCorpus(["The dog, the cat!", "", "a dog the a"], { minCount: 2 });
    expect(words).toEqual(["the", "dog", "a"]);
    expect(Array.from(counts)).toEqual([3, 2, 2]);
    expect(Array.from(tokens)).toEqual([0, 1, 0, 2, 1, 0, 2]);
    expect(Array.from(starts)).toEqual([0, 3, 3, 7]);
    expect(readCorpus(["a b c a b a"], { minCount: 1, maxWords: 2 }).words).toEqual(["a", "b"]);
  });

  test.each([
    [() => readCorpus(["a a"], { minCount: 1 }), /1 texts hold 1 words that occur at least 1 times/],
    [() => readCorpus([], {}), /0 texts hold 0 words/],
    [() => readCorpus(["a b"], { minCount: 0 }), /minCount is 0; expected a whole number/],
    [() => readCorpus(["a b", 3 as unknown as string]), /text 1 is 3; expected a string/],
  ])("%# is refused", (make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });

  test("keeps (√(f/t) + 1)·t/f of a word, and draws noise by its count to a power", () => {
    const kept = keepProbabilities(Int32Array.of(9000, 900, 100), 0.01);
    const formula = (f: number) => (Math.sqrt(f / 0.01) + 1) * (0.01 / f);
    expect(Array.from(kept)).toEqual([formula(0.9), formula(0.09), 1].map((value) => expect.closeTo(value, 12)));
    const sums = noiseDistribution(Int32Array.of(16, 1, 81), 0.75);
    const drawn = [0, 0, 0];
    for (let index = 0; index < 36_000; index++) {
      const word = drawNoise(sums, (index + 0.5) / 36_000);
      drawn[word] = (drawn[word] as number) + 1;
    }
    expect(drawn).toEqual([8000, 1000, 27_000]);
  });
});

describe("what a step looks at", () => {
  test("every word once as a centre, with the words around it, never across texts", () => {
    const batches = batchesOf(0);
    const near = SHAPE.centres + 2 * SHAPE.window;
    let pairs = 0;
    const centres: number[] = [];
    for (const batch of batches) {
      let own = 0;
      batch.centres.forEach((word, index) => {
        const [group, at] = [Math.floor(index / SHAPE.centres), index % SHAPE.centres];
        const start = group * (near + SHAPE.noise);
        expect(batch.others[start + SHAPE.window + at]).toBe(word);
        const [left, right] = [batch.left[index] as number, batch.right[index] as number];
        own += left + right;
        if (word < 0) {
          expect(left + right).toBe(0);
          return;
        }
        centres.push(word);
        for (let offset = -left; offset <= right; offset++) {
          expect(batch.others[start + SHAPE.window + at + offset]).toBeGreaterThanOrEqual(0);
        }
      });
      expect(own).toBe(batch.pairs);
      pairs += own;
    }
    expect([...centres].sort()).toEqual(Array.from(CORPUS.tokens).sort());
    expect(batches.at(-1)?.share).toBe(1);
    // Each text alone: no word reaches further than its text.
    const alone = readCorpus(["a b", "c d"], { minCount: 1 });
    for (const batch of batchesOf(1, SAMPLING, alone)) {
      expect([...batch.left].concat(...batch.right).every((reach) => reach <= 1)).toBe(true);
      expect(batch.pairs).toBe(4);
    }
    expect(pairs).toBeGreaterThan(CORPUS.tokens.length);
  });

  test("the same for one seed and epoch, another for others; thinned out where asked", () => {
    expect(batchesOf(2)).toEqual(batchesOf(2));
    expect(batchesOf(2)).not.toEqual(batchesOf(3));
    expect(batchesOf(2)).not.toEqual(batchesOf(2, { ...SAMPLING, seed: 4 }));
    const count = (batches: readonly SkipGramBatch[]) =>
      batches.reduce((sum, { centres }) => sum + centres.filter((word) => word >= 0).length, 0);
    expect(count(batchesOf(0, { ...SAMPLING, sample: 1e-3 }))).toBeLessThan(count(batchesOf(0)));
  });
});

/** The loss by its definition, pair by pair. */
function lossOf(
  batch: SkipGramBatch,
  inner: Float64Array,
  outer: Float64Array,
  size: number,
  negative: number,
): number {
  const { centres, window, noise } = SHAPE;
  const columns = centres + 2 * window + noise;
  const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const dot = (v: number, u: number) => {
    let sum = 0;
    for (let at = 0; at < size; at++) sum += (inner[v * size + at] as number) * (outer[u * size + at] as number);
    return sum;
  };
  let loss = 0;
  batch.centres.forEach((word, index) => {
    if (word < 0) return;
    const start = Math.floor(index / centres) * columns;
    const middle = start + window + (index % centres);
    const [left, right] = [batch.left[index] as number, batch.right[index] as number];
    for (let offset = -left; offset <= right; offset++) {
      if (offset !== 0) loss += softplus(-dot(word, batch.others[middle + offset] as number));
    }
    for (let at = start + columns - noise; at < start + columns; at++) {
      loss += ((left + right) * negative * softplus(dot(word, batch.others[at] as number))) / noise;
    }
  });
  return loss;
}

describe("the loss of a step", () => {
  const size = 3;
  const random = new Random(5);
  const table = () => Float64Array.from({ length: CORPUS.words.length * size }, () => 2 * random.uniform() - 1);
  const [inner, outer] = [table(), table()];
  const batch = batchesOf(0).at(-1) as SkipGramBatch;
  const shape = [CORPUS.words.length, size];

  /** Loss and gradients by the graph, in float64. */
  function evaluate(): { loss: number; gradients: readonly Float64Array[] } {
    const tables = { inner: inputValue("inner", shape), outer: inputValue("outer", shape) };
    const inputs = skipGramInputs(SHAPE);
    const loss = skipGramLoss(tables, inputs, SHAPE, 2.5);
    const feeds = new Map<Value, NdArray | { shape: readonly number[]; data: Float64Array }>([
      [tables.inner, { shape, data: inner }],
      [tables.outer, { shape, data: outer }],
      ...(["centres", "others", "left", "right"] as const).map(
        (name) => [inputs[name], { shape: inputs[name].shape, data: batch[name] }] as const,
      ),
    ]);
    const outputs = [loss, ...gradients(loss, [tables.inner, tables.outer])];
    const [value, ...rest] = interpret({ outputs, updates: [] }, { inputs: feeds });
    return { loss: value?.data[0] as number, gradients: rest.map(({ data }) => data) };
  }

  test("is its definition, and has words after the last one in it that add nothing", () => {
    expect(batch.centres).toContain(-1);
    expect(evaluate().loss).toBeCloseTo(lossOf(batch, inner, outer, size, 2.5), 10);
  });

  test("has the gradient of central differences, by every number of both tables", () => {
    const { gradients: came } = evaluate();
    const step = 1e-5;
    for (const [which, values] of [inner, outer].entries()) {
      values.forEach((value, at) => {
        const lossAt = (moved: number) => {
          values[at] = moved;
          return lossOf(batch, inner, outer, size, 2.5);
        };
        const wanted = (lossAt(value + step) - lossAt(value - step)) / (2 * step);
        values[at] = value;
        expect(came[which]?.[at]).toBeCloseTo(wanted, 6);
      });
    }
  });
});

/** Two languages that share no word: their words must end apart. */
function twoLanguages(): string[] {
  const random = new Random(11);
  const languages = [0, 1].map((which) => Array.from({ length: 12 }, (_, word) => `${"xy"[which]}${word}`));
  return Array.from({ length: 240 }, (_, index) =>
    Array.from({ length: 12 }, () => languages[index % 2]?.[random.integer(12)]).join(" "),
  );
}

const OPTIONS = { minCount: 1, sample: 0, vectorSize: 12, epochs: 3, batchSize: 256, learningRate: 0.2, seed: 9 };

describe("a training", () => {
  const texts = twoLanguages();
  const told: WordVectorProgress[] = [];
  afterAll(async () => (await testDevice()).dispose());

  test("brings words together that stand together, and tells of it", async () => {
    const device = await testDevice();
    const vectors = await trainWordVectors(texts, {
      ...OPTIONS,
      device,
      watch: ["x1", "nowhere"],
      onProgress: (progress) => void told.push(progress),
    });
    expect(vectors.shape).toEqual([24, 12]);
    for (const word of vectors.words) {
      const nearest = vectors.mostSimilar({ positive: word, topn: 8 });
      expect(nearest.every((near) => near.word[0] === word[0])).toBe(true);
    }
    const ends = told.filter(({ nearest }) => nearest !== undefined);
    expect(ends.map(({ epoch, share }) => [epoch, share])).toEqual([1, 2, 3].map((epoch) => [epoch, epoch / 3]));
    expect(ends[2]?.loss).toBeLessThan(ends[0]?.loss as number);
    expect([...(ends[0]?.nearest?.keys() ?? [])]).toEqual(["x1"]);
    expect(vectors.counts?.reduce((sum, count) => sum + count, 0)).toBe(240 * 12);
  });

  test("one seed gives one result, bit for bit; another seed another; nothing is left on the device", async () => {
    const device = await testDevice();
    const before = device.memory.bytes;
    const [first, again, other] = [
      await trainWordVectors(texts, { ...OPTIONS, device }),
      await trainWordVectors(texts, { ...OPTIONS, device, onProgress: () => undefined }),
      await trainWordVectors(texts, { ...OPTIONS, device, seed: 10 }),
    ];
    expect(again.data).toEqual(first.data);
    expect(other.data).not.toEqual(first.data);
    expect(device.memory.bytes).toBe(before);
  });

  test("stops when asked, and refuses a loss that is not finite", async () => {
    const device = await testDevice();
    const before = device.memory.bytes;
    const stop = new AbortController();
    const run = trainWordVectors(texts, {
      ...OPTIONS,
      device,
      signal: stop.signal,
      onProgress: ({ epoch }) => (epoch === 2 ? stop.abort() : undefined),
    });
    await expect(run).rejects.toThrow(AbortError);
    const wild = trainWordVectors(texts, { ...OPTIONS, device, learningRate: 1e30 });
    await expect(wild).rejects.toThrow(NonFiniteError);
    // Losses stay finite, but not Adagrad's sums: vectors that they belong to would never move again.
    const stuck = trainWordVectors(texts, { ...OPTIONS, device, epochs: 2, batchSize: 2 ** 20, learningRate: 1e25 });
    await expect(stuck).rejects.toThrow("after step 2 the vectors, or Adagrad's sums of squares, are not finite");
    expect(device.memory.bytes).toBe(before);
  });

  test("reads nothing back while it runs but what progress asks for", async () => {
    const device = await testDevice();
    const calls = countGpuCalls(device);
    try {
      await trainWordVectors(texts, { ...OPTIONS, device });
    } finally {
      calls.restore();
    }
    // A snapshot at each epoch's end, with loss and vectors.
    expect(calls.maps).toBe(OPTIONS.epochs);
  });

  test("refuses texts of which nothing is left to learn from", async () => {
    const device = await testDevice();
    const short = { ...OPTIONS, device, sample: 1e-6 };
    await expect(trainWordVectors(["a b", "b a"], short)).rejects.toThrow(/no pair is left .*give sample: 0/);
    await expect(trainWordVectors(["a", "b"], { ...short, sample: 0 })).rejects.toThrow(/texts of more than one word/);
    await expect(trainWordVectors("one text" as never, short)).rejects.toThrow(/got "one text"; expected texts/);
    await expect(trainWordVectors(["a", null as never], short)).rejects.toThrow(/trainWordVectors: text 1 is null/);
  });

  test.each([
    [{ vectorSize: 0 }, /vectorSize is 0; expected a whole number from 1 to 4096/],
    [{ window: 1.5 }, /window is 1.5/],
    [{ negative: 0 }, /negative is 0; expected a finite number above 0/],
    [{ sample: 1 }, /sample is 1; expected 0 ≤ number < 1/],
    [{ learningRate: Number.NaN }, /learningRate is NaN/],
    [{ epochs: 0 }, /epochs is 0/],
    [{ watch: "film" }, /watch is "film"; expected a list, each text/],
    [{ min_count: 1 }, /unknown option "min_count"; did you mean minCount/],
    [{ device: undefined }, /device is missing; expected a device: await requestDevice\(\)/],
  ])("refuses %o", async (options, message) => {
    const device = await testDevice();
    await expect(trainWordVectors(texts, { ...OPTIONS, device, ...(options as object) })).rejects.toThrow(message);
  });
});
