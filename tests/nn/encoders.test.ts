/** Encoders and metadata: what may be assigned, and that both come back with the model. */
import { afterAll, describe, expect, test } from "vitest";
import {
  dataset,
  dense,
  type Encoder,
  embedding,
  FormatError,
  loadModel,
  lstm,
  MinMaxScaler,
  type Model,
  minMaxScaler,
  padSequences,
  ReviewEncoder,
  registerEncoder,
  ShapeError,
  sequential,
  Tokenizer,
  toPadded,
  ValueError,
} from "../../src/index.ts";
import { loadPredictor } from "../../src/predict/index.ts";
import { testDevice } from "../support/device.ts";

const device = await testDevice();
afterAll(() => device.dispose());

const TEXTS = ["the cat sat", "the dog sat on the very old mat today", "a bird"];

function modelOf(inputDim: number, length = 5): Model {
  const layers = [embedding({ inputDim, outputDim: 3 }), lstm({ units: 4 }), dense({ units: 1 })];
  return sequential(layers, { device, inputShape: [length], seed: 4 });
}

/** The same model three times: as it is, loaded, and as a predictor. */
async function copiesOf(model: Model) {
  const files = await model.toFiles({ predictor: { batchSizes: [4] } });
  return { files, loaded: await loadModel(files, { device }), predictor: await loadPredictor(files, { device }) };
}

describe("a Tokenizer as encoder", () => {
  const tokenizer = new Tokenizer({ numWords: 8, oovToken: "?" });
  tokenizer.fitOnTexts(TEXTS);

  test("its rows get the model's length, as padSequences pads them, and are the same after loading", async () => {
    using model = modelOf(tokenizer.inputDim);
    model.encoder = tokenizer;
    const { loaded, predictor } = await copiesOf(model);
    const padded = padSequences(tokenizer.textsToSequences(TEXTS), { maxLength: 5 });
    const wanted = await model.predict(padded);
    for (const { encoder, predict } of [
      { encoder: model.encoder, predict: model.predict.bind(model) },
      { encoder: loaded.encoder, predict: loaded.predict.bind(loaded) },
    ]) {
      expect((await predict(encoder?.encode(TEXTS) as never)).data).toEqual(wanted.data);
    }
    const planned = await predictor.predict(predictor.encoder?.encode(TEXTS) as never);
    for (const [index, value] of planned.data.entries()) expect(value).toBeCloseTo(wanted.data[index] as number, 5);
    expect(loaded.encoder).toBeInstanceOf(Tokenizer);
    expect(loaded.encoder?.toJSON()).toEqual(tokenizer.toJSON());
    loaded.dispose();
    predictor.dispose();
  });

  test("fit takes its rows as they are", async () => {
    using model = modelOf(tokenizer.inputDim);
    model.compile({ optimizer: "adam", loss: "meanSquaredError" });
    const y = { shape: [3, 1], data: Float32Array.of(1, 0, 1) };
    await model.fit(dataset(tokenizer.encode(TEXTS), y), { epochs: 1 });
    await expect(model.evaluate(tokenizer.encode(TEXTS), y)).resolves.toHaveProperty("loss");
  });

  test("maxLength, padding and truncating are saved, and a length of its own must be the model's", async () => {
    const given = new Tokenizer({ maxLength: 4, padding: "post", truncating: "post" });
    given.fitOnTexts(TEXTS);
    expect([...toPadded(given.encode(TEXTS)).data]).toEqual([1, 3, 2, 0, 1, 4, 2, 5, 10, 11, 0, 0]);
    const again = Tokenizer.fromJSON(JSON.parse(JSON.stringify(given)));
    expect(again.encode(TEXTS)).toEqual(given.encode(TEXTS));
    using model = modelOf(given.inputDim);
    await expect(model.predict(given.encode(TEXTS))).rejects.toThrow(ShapeError);
    expect(() => new Tokenizer({ maxLength: -1 })).toThrow("maxLength is -1");
    expect(() => new Tokenizer({ padding: "left" as never })).toThrow('padding is "left"');
  });

  test("a tokenizer saved by an earlier version is read", () => {
    const { kind, ...old } = tokenizer.toJSON();
    expect(kind).toBe("tokenizer");
    expect(Tokenizer.fromJSON(old).encode("the cat")).toEqual(tokenizer.encode("the cat"));
  });
});

test("a ReviewEncoder without maxLength gets the model's length too, on its own sides", async () => {
  const tokenizer = new Tokenizer();
  tokenizer.fitOnTexts(TEXTS);
  const encoder = new ReviewEncoder(tokenizer, { truncating: "post" });
  const fixed = new ReviewEncoder(tokenizer, { truncating: "post", maxLength: 5 });
  using model = modelOf(encoder.inputDim);
  model.encoder = encoder;
  const { loaded, predictor } = await copiesOf(model);
  expect(loaded.encoder).toBeInstanceOf(ReviewEncoder);
  expect(predictor.encoder).toBeInstanceOf(ReviewEncoder);
  const wanted = await model.predict(fixed.encode(TEXTS));
  expect((await loaded.predict(encoder.encode(TEXTS))).data).toEqual(wanted.data);
  loaded.dispose();
  predictor.dispose();
});

describe("an encoder of another kind", () => {
  class ByteEncoder implements Encoder {
    readonly kind = "bytes";
    readonly #offset: number;
    constructor(offset: number) {
      this.#offset = offset;
    }
    encode(texts: string | readonly string[]) {
      const bytes = [texts]
        .flat()
        .map((text) => Array.from(new TextEncoder().encode(text), (byte) => byte + this.#offset));
      return padSequences(bytes, { maxLength: 5 });
    }
    toJSON() {
      return { offset: this.#offset };
    }
    static fromJSON(json: unknown) {
      return new ByteEncoder((json as { offset: number }).offset);
    }
  }

  test("must be registered before it is assigned, and before it is loaded", async () => {
    using model = modelOf(300);
    expect(() => {
      model.encoder = new ByteEncoder(1);
    }).toThrow('kind "bytes" is unknown, so a model saved with it could not be loaded; call registerEncoder');
    registerEncoder({ kind: "bytes", fromJSON: (json) => ByteEncoder.fromJSON(json) });
    model.encoder = new ByteEncoder(1);
    const { files, loaded, predictor } = await copiesOf(model);
    expect(loaded.encoder?.encode("ab")).toEqual({ shape: [1, 5], data: Int32Array.of(0, 0, 0, 98, 99) });
    expect(predictor.encoder).toBeInstanceOf(ByteEncoder);
    loaded.dispose();
    predictor.dispose();
    const text = new TextDecoder().decode(files.get("model.json")).replace('"kind":"bytes"', '"kind":"bits"');
    const other = new Map(files).set("model.json", new TextEncoder().encode(text));
    await expect(loadModel(other, { device })).rejects.toThrow(FormatError);
    await expect(loadPredictor(other, { device })).rejects.toThrow('encoder: the kind "bits" is unknown');
  });

  test.each([
    [{ kind: "", fromJSON: () => new ByteEncoder(0) }, 'kind is ""'],
    [{ kind: "reviews", fromJSON: () => new ByteEncoder(0) }, 'expected a name other than "reviews" and "tokenizer"'],
    [{ kind: "bits", fromJSON: "bits" as never }, 'fromJSON is "bits"; expected'],
  ])("registerEncoder %# refuses what it cannot restore", (given, message) => {
    expect(() => registerEncoder(given)).toThrow(ValueError);
    expect(() => registerEncoder(given)).toThrow(message);
  });
});

test.each([null, "words", {}, new Tokenizer().toJSON(), minMaxScaler()])("%s is no encoder", (given) => {
  using model = modelOf(9);
  const assign = () => {
    model.encoder = given as never;
  };
  expect(assign).toThrow(ValueError);
  expect(assign).toThrow("expected a ReviewEncoder, a Tokenizer, or an object with kind, encode() and toJSON()");
  expect(model.encoder).toBeUndefined();
});

describe("metadata", () => {
  test("JSON values, and scalers as JSON, come back with the model and the predictor", async () => {
    const x = [
      [1, 10],
      [3, 30],
    ];
    using model = modelOf(9);
    const tags = ["B", "I", "O"];
    const nested = { year: 2026, isFinal: true, none: null, list: [[1.5], { a: "b" }] };
    model.metadata = { tags, nested, scaler: minMaxScaler({ featureRange: [-1, 1] }).fit(x) };
    tags.push("changed later");
    const { loaded, predictor } = await copiesOf(model);
    for (const { metadata } of [model, loaded, predictor]) {
      expect(metadata).toMatchObject({ tags: ["B", "I", "O"], nested });
      const scaler = MinMaxScaler.fromJSON(metadata.scaler);
      expect(scaler.inverseTransform([[-1, 1]]).data).toEqual(Float32Array.of(1, 30));
    }
    loaded.dispose();
    predictor.dispose();
  });

  const loop: unknown[] = [];
  loop.push(loop);
  test.each([
    [null, "metadata: got null"],
    [["a"], 'metadata: got ["a"]'],
    ["a", 'metadata: got "a"'],
    [{ a: Number.NaN }, 'metadata: "a" is NaN'],
    [{ a: [1, undefined] }, 'metadata: "1" is undefined'],
    [{ a: { deep: new Map() } }, 'metadata: "deep" is a value of class Map'],
    [{ a: () => 1 }, 'metadata: "a" is a function'],
    [{ a: loop }, "circular"],
    [{ a: "x".repeat(2 ** 20) }, "metadata: it has 1048584 characters as JSON, over 1048576"],
  ])("%# is refused when it is assigned", (given, message) => {
    using model = modelOf(9);
    model.metadata = { kept: 1 };
    const assign = () => {
      model.metadata = given as never;
    };
    expect(assign).toThrow(ValueError);
    expect(assign).toThrow(message);
    expect(model.metadata).toEqual({ kept: 1 });
  });

  test("other than an object it is refused in a file", async () => {
    using model = modelOf(9);
    model.metadata = { a: 1 };
    const files = new Map(await model.toFiles());
    const text = new TextDecoder().decode(files.get("model.json")).replace('"metadata":{"a":1}', '"metadata":[1]');
    files.set("model.json", new TextEncoder().encode(text));
    await expect(loadModel(files, { device })).rejects.toThrow("model.json: metadata: expected an object, got [1]");
  });

  test("a model without any writes none, and a file of an earlier version has none", async () => {
    using model = modelOf(9);
    const files = await model.toFiles();
    expect(new TextDecoder().decode(files.get("model.json"))).not.toContain("metadata");
    using loaded = await loadModel(files, { device });
    expect(loaded.metadata).toEqual({});
  });
});
