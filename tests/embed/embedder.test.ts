/** Embedders of all three kinds: what they give, in what order, and what they refuse. */
import { afterAll, describe, expect, test } from "vitest";
import { AbortError, DisposedError, FormatError, ShapeError, SluiceError, ValueError } from "../../src/core/errors.ts";
import { firstComponent } from "../../src/embed/common_component.ts";
import {
  type Embedder,
  functionEmbedder,
  modelEmbedder,
  type Pooling,
  WordVectors,
  wordEmbedder,
  wordEmbedderFromBytes,
} from "../../src/embed/index.ts";
import {
  bidirectional,
  conv1d,
  dense,
  embedding,
  gru,
  type Layer,
  lstm,
  type Model,
  ReviewEncoder,
  sequential,
  Tokenizer,
} from "../../src/index.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/safetensors.ts";
import { testDevice } from "../support/device.ts";

const TEXTS = ["a fine film", "dull", "a very fine and very long film indeed it is", "the end", "fine fine film"];
const T = 6;

function encoderOf(options: { padding?: "pre" | "post"; startChar?: number | null } = {}): ReviewEncoder {
  const tokenizer = new Tokenizer();
  tokenizer.fitOnTexts(TEXTS);
  return new ReviewEncoder(tokenizer, { maxLength: T, ...options });
}

async function modelOf(
  layers: readonly Layer[],
  options: { padding?: "pre" | "post"; maskZero?: boolean; startChar?: number | null } = {},
): Promise<Model> {
  const { maskZero = false, ...rest } = options;
  const encoder = encoderOf(rest);
  const words = embedding({ inputDim: encoder.inputDim, outputDim: 5, maskZero });
  const made = sequential([words, ...layers], { device: await testDevice(), inputShape: [T], seed: 4 });
  made.encoder = encoder;
  return made;
}

afterAll(async () => (await testDevice()).dispose());

/** The layer's states over the words of each text, one text at a time and without any padding. */
async function statesOf(model: Model, layer: Layer, texts: readonly string[]): Promise<number[][][]> {
  const encoder = model.encoder as ReviewEncoder;
  const steps: number[][][] = [];
  for (const text of texts) {
    const ids = encoder.encodeText(text).slice(-T);
    const shape = { inputShape: [ids.length], device: await testDevice() };
    using alone = sequential([embedding({ inputDim: encoder.inputDim, outputDim: 5 }), layer], shape);
    await alone.setWeights((await model.weights()).slice(0, alone.weightVariables.length));
    const { data } = await alone.predict([ids]);
    const size = data.length / ids.length;
    steps.push(ids.map((_, t) => Array.from(data.subarray(t * size, (t + 1) * size))));
  }
  return steps;
}

/** Pooled by the words' definitions. */
function pooled(steps: readonly (readonly number[])[], pooling: Pooling): number[] {
  const first = steps[0] as readonly number[];
  if (pooling === "last") return [...(steps.at(-1) as readonly number[])];
  return first.map((_, at) => {
    const column = steps.map((step) => step[at] as number);
    return pooling === "max" ? Math.max(...column) : column.reduce((sum, value) => sum + value, 0) / column.length;
  });
}

function expectRows(came: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void {
  expect(came.map((row) => row.length)).toEqual(wanted.map((row) => row.length));
  came.forEach((row, index) => {
    row.forEach((value, at) => {
      expect(value, `row ${index}, number ${at}`).toBeCloseTo(wanted[index]?.[at] as number, 5);
    });
  });
}

describe("an embedder of a model", () => {
  test.each<Pooling>(["last", "mean", "max"])(
    "pools with the mask: a text padded behind has the vector that it has alone (%s)",
    async (pooling) => {
      const model = await modelOf([lstm({ units: 4 }), dense({ units: 1 })], { padding: "post", maskZero: true });
      const steps = await statesOf(model, lstm({ units: 4, returnSequences: true }), TEXTS);
      using embedder = modelEmbedder(model);
      const came = await embedder.embed(TEXTS, { pooling, batchSize: 2 });
      expect(came.dims).toEqual([TEXTS.length, 4]);
      expectRows(
        came.tolist(),
        steps.map((each) => pooled(each, pooling)),
      );
    },
  );

  test("last is the state after the last word, also where the model itself reads the padding behind it", async () => {
    const model = await modelOf([gru({ units: 3 }), dense({ units: 1 })], { padding: "post" });
    const steps = await statesOf(model, gru({ units: 3, returnSequences: true }), TEXTS);
    using embedder = modelEmbedder(model);
    expectRows(
      (await embedder.embed(TEXTS)).tolist(),
      steps.map((each) => pooled(each, "last")),
    );
  });

  test("last of a model padded in front is what the next layer reads", async () => {
    const model = await modelOf([lstm({ units: 4 })]);
    const { data } = await model.predict((model.encoder as ReviewEncoder).encode(TEXTS));
    using embedder = modelEmbedder(model);
    expect(embedder.vectorSize).toBe(4);
    expectRows([Array.from((await embedder.embed(TEXTS)).data)], [Array.from(data)]);
  });

  test("the vectors of the words, and the output of any layer", async () => {
    const model = await modelOf([lstm({ units: 4 }), dense({ units: 2, activation: "tanh" })]);
    const [table] = await model.weights();
    const encoder = model.encoder as ReviewEncoder;
    using words = modelEmbedder(model, { layer: model.layers[0]?.name });
    const rows = TEXTS.map((text) =>
      pooled(
        encoder
          .encodeText(text)
          .slice(-T)
          .map((id) => Array.from(table?.data.subarray(id * 5, (id + 1) * 5) ?? [])),
        "mean",
      ),
    );
    expectRows((await words.embed(TEXTS, { pooling: "mean" })).tolist(), rows);
    using last = modelEmbedder(model, { layer: model.layers[2]?.name });
    const { data } = await model.predict(encoder.encode(TEXTS));
    expectRows([Array.from((await last.embed(TEXTS)).data)], [Array.from(data)]);
    await expect(last.embed(TEXTS, { pooling: "mean" })).rejects.toThrow(/this embedder has last/);
  });

  test("reads backwards, in both directions, and after a convolution", async () => {
    const back = await modelOf([lstm({ units: 3, goBackwards: true })], { padding: "post", maskZero: true });
    const encoder = back.encoder as ReviewEncoder;
    const { data } = await back.predict(encoder.encode(TEXTS));
    using embedder = modelEmbedder(back);
    expectRows([Array.from((await embedder.embed(TEXTS)).data)], [Array.from(data)]);
    const both = await modelOf([bidirectional({ layer: lstm({ units: 3 }) })]);
    using ofBoth = modelEmbedder(both);
    expectRows(
      [Array.from((await ofBoth.embed(TEXTS)).data)],
      [Array.from((await both.predict(encoderOf().encode(TEXTS))).data)],
    );
    const shorter = await modelOf([conv1d({ filters: 4, kernelSize: 3 }), lstm({ units: 3 })]);
    using afterConvolution = modelEmbedder(shorter);
    expect((await afterConvolution.embed(TEXTS, { pooling: "max" })).data.every(Number.isFinite)).toBe(true);
  });

  test("text without a known word gives zeros and is listed; nothing is ever NaN", async () => {
    const model = await modelOf([lstm({ units: 4 })], { padding: "post", startChar: null });
    using embedder = modelEmbedder(model);
    for (const pooling of ["last", "mean", "max"] as const) {
      const came = await embedder.embed(["", "a film", "zzz qqq", "  ... "], { pooling, normalize: true });
      expect(came.unknown).toEqual([0, 2, 3]);
      for (const index of came.unknown) expect(Array.from(came.row(index))).toEqual([0, 0, 0, 0]);
      expect(Math.hypot(...came.row(1))).toBeCloseTo(1, 6);
      expect(came.data.every(Number.isFinite)).toBe(true);
    }
  });

  test("frees its programs", async () => {
    const device = await testDevice();
    const model = await modelOf([lstm({ units: 4 })]);
    await model.predict((model.encoder as ReviewEncoder).encode(["a film"]));
    const before = device.memory.bytes;
    const embedder = modelEmbedder(model);
    await embedder.embed(TEXTS);
    embedder.dispose();
    embedder.dispose();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(device.memory.bytes).toBe(before);
    await expect(embedder.embed("a")).rejects.toThrow(DisposedError);
  });

  test("where it or its model is disposed at work, the call ends, and the device stays whole", async () => {
    const device = await testDevice();
    const before = device.memory.buffers;
    for (const what of ["embedder", "model"] as const) {
      const ends = new Set<string>();
      for (let moment = 0; moment < 24; moment += 2) {
        const model = await modelOf([lstm({ units: 4 })]);
        const embedder = modelEmbedder(model);
        if (moment % 4 === 0) await embedder.embed("a film");
        const end = embedder.embed(["a film", "dull"], { batchSize: 1 }).then(
          () => "done",
          (error: Error) => `${error.name}: ${error.message}`,
        );
        for (let turn = 0; turn < moment; turn++) await undefined;
        ({ model, embedder })[what].dispose();
        ends.add(await end);
        embedder.dispose();
        model.dispose();
        await undefined;
        expect(device.memory.buffers).toBe(before);
      }
      expect([...ends].join()).toMatch(new RegExp(`^DisposedError: embed: the ${what}[^,]* was disposed[^,]*$`));
    }
    device.assertUsable();
  });

  test("refuses models that do not read texts", async () => {
    const device = await testDevice();
    expect(() => modelEmbedder("runs/imdb" as never)).toThrow(/got "runs\/imdb"; expected a model/);
    const numbers = sequential([dense({ units: 2 })], { device, inputShape: [3] });
    expect(() => modelEmbedder(numbers)).toThrow(/has no encoder/);
    expect(() => modelEmbedder(numbers, { encoder: encoderOf() })).toThrow(/does not read texts/);
    const model = await modelOf([lstm({ units: 4 })]);
    expect(() => modelEmbedder(model, { layer: "lost" })).toThrow(/has no layer "lost"; its layers are embedding/);
    const more = new Tokenizer();
    more.fitOnTexts(["one two three four five six seven eight nine ten eleven twelve thirteen fourteen"]);
    const other = new ReviewEncoder(more, { numWords: 900 });
    expect(() => modelEmbedder(model, { encoder: other })).toThrow(
      /produces ids up to 899; the model takes those below/,
    );
  });
});

const VECTORS = new WordVectors(
  ["the", "fine", "film", "dull"],
  { shape: [4, 3], data: Float32Array.of(1, 1, 0, 0, 2, 1, -1, 0, 3, 2, 2, 2) },
  Int32Array.of(60, 20, 15, 5),
);

describe("an embedder of word vectors", () => {
  const share = (word: string) => (VECTORS.counts?.[VECTORS.idOf(word) as number] as number) / 100;
  const weighted = (words: readonly string[], a: number): number[] =>
    [0, 1, 2].map(
      (at) =>
        words.reduce((sum, word) => sum + (a / (a + share(word))) * (VECTORS.vectorOf(word)[at] as number), 0) /
        words.length,
    );

  test("weighs words by a / (a + p), divides by the known words, and takes the corpus's component out", async () => {
    const embedder = wordEmbedder(VECTORS, { smoothing: 0.1 });
    const text = "The fine, UNKNOWN film";
    const mean = weighted(["the", "fine", "film"], 0.1);
    expectRows((await embedder.embed(text)).tolist(), [mean]);
    const corpus = ["the film", "dull dull film", "fine", "", "nothing known"];
    await embedder.fit(corpus);
    const rows = [["the", "film"], ["dull", "dull", "film"], ["fine"]].map((words) => weighted(words, 0.1));
    const u = embedder.component as Float64Array;
    // u is an eigenvector of the rows' Gram matrix, of the largest eigenvalue.
    const gram = (v: ArrayLike<number>) =>
      [0, 1, 2].map((at) =>
        rows.reduce(
          (sum, row) => sum + row.reduce((dot, x, i) => dot + x * (v[i] as number), 0) * (row[at] as number),
          0,
        ),
      );
    const image = gram(u);
    const value = image.reduce((sum, x, at) => sum + x * (u[at] as number), 0);
    for (const [at, x] of image.entries()) expect(x).toBeCloseTo(value * (u[at] as number), 5);
    expect(value).toBeGreaterThan(
      [0, 1, 2].reduce((sum, at) => sum + (gram([0, 1, 2].map((i) => +(i === at)))[at] as number), 0) / 2,
    );
    const along = mean.reduce((sum, x, at) => sum + x * (u[at] as number), 0);
    expectRows((await embedder.embed(text)).tolist(), [mean.map((x, at) => x - along * (u[at] as number))]);
  });

  test("vectors without counts take them from fit; before it, all words weigh the same", async () => {
    const { words, shape, data } = VECTORS;
    const embedder = wordEmbedder(new WordVectors(words, { shape, data }), { smoothing: 0.5 });
    const plain = [0, 1, 2].map(
      (at) => ((VECTORS.vectorOf("the")[at] as number) + (VECTORS.vectorOf("dull")[at] as number)) / 2,
    );
    expectRows((await embedder.embed("the dull")).tolist(), [plain]);
    await embedder.fit(["the the the dull"]);
    const u = embedder.component as Float64Array;
    const row = [0, 1, 2].map(
      (at) =>
        ((0.5 / 1.25) * (VECTORS.vectorOf("the")[at] as number) +
          (0.5 / 0.75) * (VECTORS.vectorOf("dull")[at] as number)) /
        2,
    );
    const along = row.reduce((sum, x, at) => sum + x * (u[at] as number), 0);
    expectRows((await embedder.embed("the dull")).tolist(), [row.map((x, at) => x - along * (u[at] as number))]);
  });

  test("comes back from its bytes with all it learnt", async () => {
    const embedder = wordEmbedder(VECTORS, { smoothing: 0.02, tokenizer: new Tokenizer({ lower: false }) });
    await embedder.fit(TEXTS);
    const bytes = embedder.toBytes();
    const again = wordEmbedderFromBytes(bytes);
    expect((await again.embed(TEXTS)).tolist()).toEqual((await embedder.embed(TEXTS)).tolist());
    expect((await again.embed("FINE")).unknown).toEqual([0]);
    expect(again.vectors.words).toEqual(VECTORS.words);
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => wordEmbedderFromBytes(bytes.subarray(0, length))).toThrow(FormatError);
    }
    const { tensors, metadata } = readSafetensors(bytes);
    const changed = (key: string, value: string) => writeSafetensors(tensors, new Map([...metadata, [key, value]]));
    expect(() => wordEmbedderFromBytes(changed("format", "sluice word embedder 2"))).toThrow(/expected "sluice word/);
    for (const [key, value] of [
      ["smoothing", "-1"],
      ["smoothing", "x"],
      ["words", "[1]"],
      ["tokenizer", "{}"],
    ] as const) {
      expect(() => wordEmbedderFromBytes(changed(key, value))).toThrow(FormatError);
    }
    expect(() => wordEmbedderFromBytes(changed("words", '["a"]'))).toThrow(SluiceError);
  });

  test("gives zeros for texts without a known word, and refuses what cannot be", async () => {
    const embedder = wordEmbedder(VECTORS);
    const came = await embedder.embed(["", "nothing", "film"], { normalize: true });
    expect([came.unknown, came.shape]).toEqual([
      [0, 1],
      [3, 3],
    ]);
    expect(Array.from(came.data.subarray(0, 6))).toEqual([0, 0, 0, 0, 0, 0]);
    expect((await embedder.embed([])).shape).toEqual([0, 3]);
    await expect(embedder.fit(["nothing", ""])).rejects.toThrow(/none of 2 texts has a word with a vector/);
    await expect(embedder.fit("one text" as never)).rejects.toThrow(/got "one text"; expected texts/);
    await expect(embedder.fit(["film", 5 as never])).rejects.toThrow(/fit: text 1 is 5; expected a string/);
    expect(embedder.component).toBeUndefined();
    expect(() => wordEmbedder(["film"] as never)).toThrow(/got \["film"\]; expected WordVectors/);
    await expect(embedder.embed("film", { pooling: "last" })).rejects.toThrow(
      /pooling is "last"; this embedder has mean/,
    );
    expect(() => wordEmbedder(VECTORS, { smoothing: 0 })).toThrow(ValueError);
  });

  test("a text that is nothing but the component becomes zeros, not rounding blown up", async () => {
    const embedder = wordEmbedder(VECTORS);
    await embedder.fit(["fine film"]);
    const { data, unknown } = await embedder.embed("film fine", { normalize: true });
    expect([Array.from(data), unknown]).toEqual([[0, 0, 0], []]);
  });

  test("the component of rows whose mean is zero, of one row, and of none", () => {
    const along = firstComponent(Float32Array.of(3, 0, -3, 0, 0, 1, 0, -1), 2) as Float64Array;
    expectRows([Array.from(along)], [[1, 0]]);
    expectRows([Array.from(firstComponent(Float32Array.of(0, -4), 2) as Float64Array)], [[0, 1]]);
    expect(firstComponent(new Float32Array(6), 3)).toBeUndefined();
  });
});

describe("an embedder of a function", () => {
  const lengths = async (texts: readonly string[]) => texts.map((text) => [text.length, 1]);

  test("batches by length, and gives the order of the texts", async () => {
    const seen: number[][] = [];
    const embedder = functionEmbedder((texts) => {
      seen.push(texts.map((text) => text.length));
      return lengths(texts);
    });
    const came = await embedder.embed(["aaaa", "b", "ccc", "", "ee"], { batchSize: 2 });
    expect(came.tolist().map(([length]) => length)).toEqual([4, 1, 3, 0, 2]);
    expect(seen).toEqual([[0, 1], [2, 3], [4]]);
    expect((await embedder.embed("abc")).shape).toEqual([1, 2]);
  });

  test("calls that overlap run one after the other, and one that fails does not hold up the next", async () => {
    let running = 0;
    const embedder = functionEmbedder(async (texts) => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      if (texts.includes("bad")) throw new Error("the app's own error");
      return lengths(texts);
    });
    const [a, bad, b] = await Promise.allSettled([embedder.embed("a"), embedder.embed("bad"), embedder.embed("bb")]);
    expect([a.status, bad.status, b.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("takes vectors in every form that libraries give", async () => {
    const flat = Float32Array.of(1, 2, 3, 4);
    const forms = [
      [
        [1, 2],
        [3, 4],
      ],
      [Float32Array.of(1, 2), Float32Array.of(3, 4)],
      { dims: [2, 2], data: flat },
      { shape: [2, 2], data: [1, 2, 3, 4] },
    ] as const;
    for (const form of forms) {
      const pooling: Pooling[] = [];
      const embedder: Embedder = functionEmbedder((_, options) => {
        pooling.push(options.pooling);
        return form;
      });
      expect((await embedder.embed(["a", "b"], { pooling: "max" })).tolist()).toEqual([
        [1, 2],
        [3, 4],
      ]);
      expect(pooling).toEqual(["max"]);
    }
  });

  test("refuses what is not one finite vector for each text", async () => {
    const given = (value: unknown) => functionEmbedder(() => value as number[][]).embed(["a", "b"]);
    await expect(given([[1, 2]])).rejects.toThrow(ShapeError);
    await expect(given([[[1]], [[2]]])).rejects.toThrow(/returned \[2, 1, 1\] for 2 texts; expected \[2, D\]/);
    await expect(given([[1, 2], [3]])).rejects.toThrow(ShapeError);
    await expect(given([[1], [Number.NaN]])).rejects.toThrow(/the vector of text 1 holds NaN/);
    await expect(given(undefined)).rejects.toThrow(ValueError);
    await expect(given([null, [1]])).rejects.toThrow(/returned null at 0; expected a vector for each text/);
    await expect(given({ data: [1, 2] })).rejects.toThrow(/returned an object; expected vectors/);
    expect(() => functionEmbedder("x" as never)).toThrow(/got "x"; expected a function/);
    const changing = functionEmbedder((texts) => texts.map((text) => new Array<number>(text.length).fill(1)));
    await expect(changing.embed(["a", "bb"], { batchSize: 1 })).rejects.toThrow(
      /vectors of 2 numbers; before, they had 1/,
    );
    const stopped = functionEmbedder(lengths).embed("a", { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(AbortError);
    const embedder = functionEmbedder(lengths);
    await expect(embedder.embed([1 as unknown as string])).rejects.toThrow(/text 0 is 1; expected a string/);
    await expect(embedder.embed(null as unknown as string)).rejects.toThrow(ValueError);
    await expect(embedder.embed("a", "mean" as never)).rejects.toThrow(
      /got "mean"; expected options, as in embed\(texts, \{ pooling: "mean"/,
    );
    await expect(embedder.embed("a", { normalise: true } as never)).rejects.toThrow(/unknown option "normalise"/);
    await expect(embedder.embed("a", { batchSize: 0 })).rejects.toThrow(/batchSize is 0/);
    await expect(embedder.embed("a", { pooling: "first" as Pooling })).rejects.toThrow(
      /expected one of last, mean, max/,
    );
  });
});
