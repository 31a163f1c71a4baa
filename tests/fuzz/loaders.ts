/**
 * The loaders under test: how whole files are made, how they are damaged, and what is asked of a file that loads all
 * the same. A new loader of files from outside gets a row here.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { readSeries } from "../../src/cli/read_series.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import type { Hdf5Content } from "../../src/convert/hdf5/content.ts";
import { readHdf5 } from "../../src/convert/hdf5/read.ts";
import { writeHdf5 } from "../../src/convert/hdf5/write.ts";
import * as convert from "../../src/convert/index.ts";
import { describeWeights } from "../../src/convert/keras_weights.ts";
import { readZip, writeZip } from "../../src/convert/zip.ts";
import { at } from "../../src/core/at.ts";
import { full } from "../../src/core/nd_array.ts";
import { readTextTable } from "../../src/data/text_table.ts";
import { readWordVectors, wordEmbedder, wordEmbedderFromBytes } from "../../src/embed/index.ts";
import {
  concatenate,
  type Device,
  DeviceError,
  dense,
  model as functional,
  gru,
  imdb,
  input,
  layerNormalization,
  loadModel,
  lstm,
  MinMaxScaler,
  masking,
  minMaxScaler,
  type NdArray,
  ReviewEncoder,
  readSafetensors,
  requestDevice,
  StandardScaler,
  sequential,
  standardScaler,
  Tokenizer,
  ValueError,
  writeSafetensors,
} from "../../src/index.ts";
import { sha256Hex } from "../../src/io/sha256.ts";
import { parseStrictJson } from "../../src/io/strict_json.ts";
import { loadPredictor } from "../../src/predict/index.ts";
import { gzip, paxRecord, tar } from "../data/archives.ts";
import { smallData, smallModel } from "../nn/small_model.ts";
import {
  AssertionError,
  check,
  checkArrays,
  checkModel,
  checkWords,
  damaged,
  type Fuzzed,
  onlyOf,
  single,
  text,
} from "./fuzzed.ts";
import { addressMutation, bytesMutation, type Files, fileMutation, jsonMutation, withChecksums } from "./mutations.ts";
import { planMutation } from "./plan_mutations.ts";
import { STRUCTURED } from "./structured_loaders.ts";

/** The child is a bundle elsewhere, started at the repository's root. */
const FIXTURES = "tests/fixtures";

/** A safetensors file with another header, its length right. */
const headerMutation = jsonMutation.map((edit) => (bytes: Uint8Array) => {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = edit(bytes.subarray(8, 8 + length));
  const out = new Uint8Array(8 + header.length + bytes.length - 8 - length);
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true);
  out.set(header, 8);
  out.set(bytes.subarray(8 + length), 8 + header.length);
  return out;
});

async function safetensors(): Promise<Fuzzed> {
  const tensors = new Map<string, NdArray>([
    ["a/kernel", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    ["ids", { shape: [4], data: Int32Array.of(1, -2, 3, 4) }],
    ["none", { shape: [0, 5], data: new Float32Array() }],
  ]);
  const other = text({
    h: { dtype: "F16", shape: [2], data_offsets: [0, 4] },
    l: { dtype: "I64", shape: [1], data_offsets: [4, 12] },
  });
  const bytes = new Uint8Array(8 + other.length + 12);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(other.length), true);
  bytes.set(other, 8);
  const samples = [writeSafetensors(tensors, new Map([["format", "pt"]])), bytes].map(single);
  return {
    files: damaged(samples, fileMutation(bytesMutation), fileMutation(headerMutation)),
    load: async (files) => checkArrays(readSafetensors(onlyOf(files)).tensors.values()),
  };
}

const WORD_LINES = "the 0.418 0.24968 -1\n. . 0.7085 1e-3 +.5\n<unk> 0 -0 3.\n\u00e9t\u00e9 1 2 3\n";

async function wordText(): Promise<Fuzzed> {
  const samples = [WORD_LINES, `4 3\n${WORD_LINES}`].map((lines) => single(new TextEncoder().encode(lines)));
  return {
    files: damaged(samples, fileMutation(bytesMutation)),
    load: async (files) => checkWords((await readWordVectors(onlyOf(files))).vectors),
  };
}

async function wordEmbedders(): Promise<Fuzzed> {
  const { vectors } = await readWordVectors(new TextEncoder().encode(WORD_LINES));
  const embedder = wordEmbedder(vectors);
  await embedder.fit(["the <unk> the", "\u00e9t\u00e9"]);
  const samples = [single(embedder.toBytes())];
  return {
    files: damaged(samples, fileMutation(bytesMutation), fileMutation(headerMutation)),
    load: async (files) => {
      const loaded = wordEmbedderFromBytes(onlyOf(files));
      checkWords(loaded.vectors);
      check((await loaded.embed(["the \u00e9t\u00e9", ""])).data.every(Number.isFinite), "a sentence is not finite");
    },
  };
}

/** The manifest again, in agreement with parts that were changed. */
async function withHashes(files: Files): Promise<Files> {
  const manifest = files.get("model.json");
  if (manifest === undefined) return files;
  const json = JSON.parse(new TextDecoder().decode(manifest));
  for (const record of Object.values<Record<string, unknown>>(json.files)) {
    const bytes = files.get(record.name as string);
    if (bytes !== undefined) Object.assign(record, { bytes: bytes.length, sha256: await sha256Hex(bytes) });
  }
  return new Map([...files, ["model.json", text(json)]]);
}

async function savedModel(device: Device): Promise<Fuzzed> {
  using trained = smallModel(device);
  await trained.fit(smallData(20), { epochs: 1, batchSize: 8 });
  const tokenizer = Tokenizer.fromCounts(
    new Map([
      ["good", 3],
      ["bad", 2],
    ]),
    4,
  );
  trained.encoder = new ReviewEncoder(tokenizer, { maxLength: 6 });
  const [left, right] = [input({ shape: [3, 2] }), input({ shape: [3, 2] })];
  const shared = lstm({ units: 2 });
  const end = dense({ units: 1 }).call(concatenate().call([shared.call(left), shared.call(right)]));
  using joined = functional({ inputs: [left, right], outputs: [end], device, seed: 1 });
  const samples = [await trained.toFiles(), await joined.toFiles()];
  const isPart = (name: string) => name !== "model.json";
  const ofParts = fc
    .oneof(fileMutation(bytesMutation, isPart), fileMutation(headerMutation, isPart))
    .map((change) => (files: Files) => withHashes(change(files)));
  return {
    files: damaged(
      samples,
      fileMutation(bytesMutation),
      fileMutation(jsonMutation, (name) => !isPart(name)),
      ofParts,
    ),
    load: async (files) => checkModel(await loadModel(files, { device })),
  };
}

/** True unless something went wrong on the device that nobody took care of. */
function isOpen(device: Device): boolean {
  try {
    device.assertOpen();
    return true;
  } catch {
    return false;
  }
}

async function predictors(device: Device): Promise<Fuzzed> {
  using row = smallModel(device);
  using states = sequential([lstm({ units: 2, stateful: true })], { device, inputShape: [3, 2], seed: 1 });
  const start = input({ shape: [5, 3] });
  const read = gru({ units: 3, returnSequences: true }).call(masking().call(start));
  const end = dense({ units: 4, activation: "softmax" }).call(layerNormalization().call(read));
  using mixed = functional({ inputs: [start], outputs: [end], device, seed: 1 });
  const samples = [
    await row.toFiles({ predictor: true }),
    await states.toFiles({ predictor: { batchSizes: [2] } }),
    await mixed.toFiles({ predictor: { batchSizes: [1, 3] } }),
  ];
  let fresh: Device | undefined;
  let count = 0;
  const isPlan = (name: string) => name.startsWith("plan-");
  const ofPlan = fc
    .oneof(
      fileMutation(bytesMutation, isPlan),
      fileMutation(jsonMutation, isPlan),
      fileMutation(planMutation, isPlan),
      fileMutation(planMutation, isPlan),
    )
    .map((change) => (files: Files) => withHashes(change(files)));
  return {
    // Whether a shader compiles, and fits its buffers, the device says.
    refusals: [DeviceError],
    files: damaged(samples, fileMutation(bytesMutation), ofPlan, ofPlan, ofPlan),
    async load(files) {
      // A driver keeps what it compiled for as long as the device lives: that is not the one file's memory.
      if (count++ % DEVICE_EVERY === 0) {
        fresh?.dispose();
        fresh = await requestDevice();
      }
      const on = fresh;
      if (on === undefined) throw new AssertionError("there is no device");
      const before = on.memory.bytes;
      try {
        const predictor = await loadPredictor<NdArray | NdArray[]>(files, { device: on });
        // What loads must run: without an error of the GPU, and in time.
        try {
          const zeros = predictor.inputs.map(({ shape, dtype }) => full([2, ...shape], dtype, 0));
          await predictor.predict(zeros.length === 1 ? at(zeros, 0) : zeros);
        } catch (error) {
          check(error instanceof ValueError, `a plan that loads does not run: ${error}`);
        } finally {
          predictor.dispose();
        }
      } finally {
        check(on.memory.bytes === before, "buffers were left behind");
        check(isOpen(on), "the device reported an error that nothing handled");
      }
    },
  };
}

/** Plans that are tried on one device. */
const DEVICE_EVERY = 50;

async function kerasModels(device: Device) {
  const row = sequential([lstm({ units: 2 }), dense({ units: 1 })], { device, inputShape: [3, 2], seed: 1 });
  const start = input({ shape: [3, 2] });
  const end = dense({ units: 1 }).call(
    concatenate().call([lstm({ units: 2 }).call(start), lstm({ units: 1 }).call(start)]),
  );
  return [row, functional({ inputs: [start], outputs: [end], device, seed: 1 })] as const;
}

const KERAS_PARTS = ["metadata.json", "config.json", "model.weights.h5"];

async function keras(device: Device): Promise<Fuzzed> {
  const models = await kerasModels(device);
  const zips = await Promise.all(models.map((model) => convert.toKeras(model)));
  for (const model of models) model.dispose();
  const wanted = new Map(KERAS_PARTS.map((name) => [name, 1e6]));
  const parts = await Promise.all(zips.map((bytes) => readZip(bytes, wanted, "the sample")));
  const zipped = (change: (files: Files) => Files) => async (files: Files) => single(await writeZip(change(files)));
  const isJson = (name: string) => name.endsWith(".json");
  return {
    files: fc.oneof(
      damaged(zips.map(single), fileMutation(bytesMutation)),
      damaged(parts, fileMutation(jsonMutation, isJson).map(zipped), fileMutation(bytesMutation).map(zipped)),
    ),
    load: async (files) => checkModel(await convert.loadKeras(onlyOf(files), { device })),
  };
}

/** The reader by itself, given Keras's weights in old and in new structures. */
async function hdf5(): Promise<Fuzzed> {
  const fixtures = ["keras_files/sentiment.weights.h5", "hdf5/latest.h5", "hdf5/link_heap.h5", "hdf5/virtual.h5"];
  const samples = fixtures.map((path) => single(new Uint8Array(readFileSync(join(FIXTURES, path)))));
  const some = fc.oneof(bytesMutation, addressMutation);
  return {
    files: damaged(
      samples,
      fileMutation(some),
      fileMutation(some.map((change) => (bytes) => withChecksums(change(bytes)))),
    ),
    async load(files) {
      const { datasets } = readHdf5(onlyOf(files), "the sample");
      checkArrays(datasets.values());
      const bytes = [...datasets.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
      check(bytes <= onlyOf(files).length, `${bytes} bytes came out of a file of ${onlyOf(files).length}`);
    },
  };
}

/** The same data sets, of which one lies under another path, has another shape, dtype or content, or is not there. */
async function oddWeights({ datasets }: Hdf5Content): Promise<Files[]> {
  const changes = [...datasets].flatMap(([name, array]): (readonly [string, string?, NdArray?])[] => [
    [name],
    ...["layers/x/vars/9", "vars/1", "a/b/c/d", `${name}/deeper`].map((path) => [name, path, array] as const),
    [name, name, { shape: [array.data.length], data: array.data }],
    [name, name, { shape: array.shape, data: Int32Array.from(array.data) }],
    [name, name, { shape: array.shape, data: Float32Array.from(array.data, () => Number.NaN) }],
  ]);
  return Promise.all(
    changes.map(async ([name, path, array]) => {
      const others = [...datasets].filter(([other]) => other !== name);
      const changed = path === undefined || array === undefined ? [] : [[path, array] as const];
      return single(await writeHdf5({ datasets: new Map([...others, ...changed]), groups: new Map() }));
    }),
  );
}

async function kerasWeights(device: Device): Promise<Fuzzed> {
  const [model, other] = await kerasModels(device);
  const contents = [await describeWeights(model), await describeWeights(other)];
  const samples = await Promise.all(contents.map((content) => writeHdf5(content)));
  other.dispose();
  const odd = await oddWeights(contents[0] as Hdf5Content);
  const whole = single(samples[0] as Uint8Array);
  const before = await model.weights();
  return {
    files: fc.oneof(
      { weight: 8, arbitrary: damaged(samples.map(single), fileMutation(fc.oneof(bytesMutation, addressMutation))) },
      { weight: 1, arbitrary: fc.constantFrom(...odd).map((files) => () => files) },
      // A whole file must load whatever damaged ones came before it.
      { weight: 1, arbitrary: fc.constant(() => whole) },
    ),
    async load(files) {
      try {
        await convert.loadKerasWeights(model, onlyOf(files));
      } catch (error) {
        const after = await model.weights();
        check(
          after.every(({ data }, index) => String(data) === String(before[index]?.data)),
          "a failed load changed weights",
        );
        check(files !== whole, `a whole file was refused: ${error}`);
        throw error;
      }
      const after = await model.weights();
      checkArrays(after);
      check(
        after.every(({ data }) => data.every(Number.isFinite)),
        "a weight is not finite",
      );
      await model.setWeights(before);
    },
  };
}

async function tfjs(device: Device): Promise<Fuzzed> {
  const models = await kerasModels(device);
  const samples = await Promise.all(models.map((model) => convert.toTfjs(model)));
  for (const model of models) model.dispose();
  const isJson = (name: string) => name === "model.json";
  return {
    files: damaged(
      samples,
      fileMutation(bytesMutation),
      fileMutation(jsonMutation, isJson),
      fileMutation(jsonMutation, isJson),
    ),
    load: async (files) => checkModel(await convert.loadTfjs(files, { device })),
  };
}

async function weightsByName(device: Device): Promise<Fuzzed> {
  const [model, other] = await kerasModels(device);
  other.dispose();
  const before = await model.weights();
  const samples = [single(await convert.toSafetensors(model))];
  return {
    files: damaged(samples, fileMutation(bytesMutation), fileMutation(headerMutation)),
    async load(files) {
      await convert.loadSafetensors(model, onlyOf(files));
      check(
        (await model.weights()).every(({ data }) => data.every(Number.isFinite)),
        "a weight is not finite",
      );
      await model.setWeights(before);
    },
  };
}

async function archive(): Promise<Fuzzed> {
  const paths = ["train/pos/1_9", "train/neg/2_1", "test/pos/3_8", "test/neg/4_2"];
  const reviews = paths.map((path, index) => ({
    path: `aclImdb/${path}.txt`,
    text: `a film of ${index} words`,
    type: "0",
  }));
  const whole = tar([
    { path: "aclImdb/", type: "5" },
    { path: "p", type: "x", text: paxRecord("mtime", "1.5") },
    ...reviews,
  ]);
  const samples = [single(whole), single(await gzip(whole))];
  const path = fc.oneof(fc.constantFrom(...reviews.map((review) => review.path)), fc.string({ maxLength: 20 }));
  const entry = fc.record(
    {
      path,
      text: fc.oneof(
        fc.string({ maxLength: 40 }),
        fc.string({ maxLength: 8 }).map((size) => paxRecord("size", size)),
        path.map((name) => paxRecord("path", name)),
      ),
      type: fc.constantFrom("0", "1", "2", "5", "7", "x", "g", "L", "K", "S", "V", "\0"),
      size: fc.oneof(fc.nat(2000), fc.constantFrom(8 ** 11 - 1, 2 ** 20, 2 ** 30)),
    },
    { requiredKeys: ["path"] },
  );
  const odd = fc
    .tuple(fc.array(entry, { maxLength: 5 }), fc.boolean(), fc.nat(3))
    .map(([entries, zip, blocks]) => async () => {
      const bytes = tar([...reviews, ...entries], blocks);
      return single(zip ? await gzip(bytes) : bytes);
    });
  /** Damaged before it is compressed: gzip's own checksum is right. */
  const inside = fileMutation(bytesMutation).map(
    (change) => async (files: Files) => single(await gzip(onlyOf(change(files)))),
  );
  return {
    files: fc.oneof(damaged(samples, fileMutation(bytesMutation)), damaged([single(whole)], inside), odd),
    async load(files) {
      const { train, test } = await imdb.load({ source: onlyOf(files), keepTexts: true });
      check(train.size + test.size >= 1, "no review");
    },
  };
}

async function json(): Promise<Fuzzed> {
  const tokenizer = Tokenizer.fromCounts(
    new Map([
      ["good", 3],
      ["bad", 2],
    ]),
    4,
  );
  const column = { x: [[1], [2], [4]] };
  const samples = [
    new ReviewEncoder(tokenizer, { maxLength: 6, numWords: 10 }).toJSON(),
    (standardScaler().fit(column.x) as StandardScaler).toJSON(),
    (minMaxScaler().fit(column.x) as MinMaxScaler).toJSON(),
  ].map((value, kind) => new Map([[String(kind), text(value)]]));
  const readers = [ReviewEncoder, StandardScaler, MinMaxScaler];
  return {
    files: damaged(samples, fileMutation(bytesMutation), fileMutation(jsonMutation), fileMutation(jsonMutation)),
    async load(files) {
      for (const [kind, bytes] of files) {
        const reader = readers[Number(kind)] as (typeof readers)[number];
        const read = reader.fromJSON(parseStrictJson(bytes, "the sample"));
        const written = JSON.stringify(read);
        check(JSON.stringify(reader.fromJSON(JSON.parse(written))) === written, "it does not come back as it was read");
      }
    },
  };
}

async function csv(): Promise<Fuzzed> {
  const rows = (between: string) => ["date", "price", "name"].join(between);
  const sample = (between: string) =>
    single(
      new TextEncoder().encode(
        [
          rows(between),
          ...["2020-01-01", "2020-01-02", "2020-01-05"].map((date, day) => [date, `${day}.5`, '"a b"'].join(between)),
        ].join("\n"),
      ),
    );
  return {
    // Which column is read is the user's choice.
    refusals: [UsageError],
    files: damaged([",", ";", "\t"].map(sample), fileMutation(bytesMutation)),
    async load(files) {
      const series = readSeries(new TextDecoder().decode(onlyOf(files)), { name: "the sample", column: "price" });
      check(series.values.every(Number.isFinite), "a value is not finite");
      check((series.dates?.length ?? series.values.length) === series.values.length, "a date is missing");
    },
  };
}

/** A table of labelled texts, as CSV with and without a header and as JSON lines. */
async function textTable(): Promise<Fuzzed> {
  const samples = [
    'text,label\n"a goal, at last",sport\nthe vote,politics\n',
    'a goal,sport\n"the ""vote""",politics\n',
    '{"text":"a goal","label":"sport"}\n{"text":"the vote","label":2}\n',
  ];
  return {
    files: damaged(
      samples.map((sample) => single(new TextEncoder().encode(sample))),
      fileMutation(bytesMutation),
    ),
    async load(files) {
      const rows = await readTextTable(onlyOf(files), { name: "the sample" });
      check(
        rows.every(({ text: words, label }) => words.trim() !== "" && label.trim() !== ""),
        "a text or a label is empty",
      );
      check(new Set(rows.map(({ text: words }) => words)).size === rows.length, "a text occurs twice");
    },
  };
}

/** By name; each is made on the device that models are loaded onto. */
export const LOADERS: Readonly<Record<string, (device: Device) => Promise<Fuzzed>>> = {
  safetensors,
  "saved model": savedModel,
  hdf5,
  predictor: predictors,
  keras,
  "keras weights": kerasWeights,
  tfjs,
  "weights by name": weightsByName,
  "review archive": archive,
  "word vectors": wordText,
  "word embedder": wordEmbedders,
  json,
  csv,
  "text table": textTable,
  ...STRUCTURED,
};
