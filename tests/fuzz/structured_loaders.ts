/**
 * Loaders that are given files from a grammar: whole ones, which must load, and ones whose structure is wrong in up to
 * three places while everything around is right, checksums too.
 */
import fc from "fast-check";
import { readSeriesTable } from "../../demo/worker/read_series_table.ts";
import { readSeries } from "../../src/cli/read_series.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { readHdf5 } from "../../src/convert/hdf5/read.ts";
import * as convert from "../../src/convert/index.ts";
import { readZip } from "../../src/convert/zip.ts";
import { readTextTable } from "../../src/data/text_table.ts";
import { readWordVectors, VectorIndex } from "../../src/embed/index.ts";
import { type Device, dense, imdb, lstm, readSafetensors, sequential } from "../../src/index.ts";
import { check, checkArrays, checkModel, checkWords, type Fuzzed, onlyOf, single } from "./fuzzed.ts";
import { hdf5Bytes, hdf5Contents } from "./grammars/hdf5.ts";
import type { Made } from "./grammars/made.ts";
import { safetensorsFiles } from "./grammars/safetensors.ts";
import { labelledLines, labelledTables, seriesFiles } from "./grammars/tables.ts";
import { reviewArchives } from "./grammars/tar.ts";
import { indexFiles } from "./grammars/vector_index.ts";
import { wordFiles } from "./grammars/word_lines.ts";
import { zipFiles } from "./grammars/zip.ts";
import { addressMutation, bytesMutation, type Files, withChecksums } from "./mutations.ts";

/** Files of a grammar, of which the whole ones must load. */
function fromGrammar(
  grammar: fc.Arbitrary<Made>,
  load: (bytes: Uint8Array) => Promise<void>,
  more: Partial<Fuzzed> = {},
): Fuzzed {
  const whole = new WeakSet<Files>();
  return {
    ...more,
    files: grammar.map(({ isWhole, write }) => async () => {
      const files = single(await write());
      if (isWhole) whole.add(files);
      return files;
    }),
    async load(files) {
      try {
        await load(onlyOf(files));
      } catch (error) {
        check(!whole.has(files), `a whole file was refused: ${error}`);
        throw error;
      }
    },
  };
}

async function safetensors(): Promise<Fuzzed> {
  return fromGrammar(safetensorsFiles, async (bytes) => checkArrays(readSafetensors(bytes).tensors.values()));
}

async function zip(device: Device): Promise<Fuzzed> {
  using model = sequential([lstm({ units: 2 }), dense({ units: 1 })], { device, inputShape: [3, 2], seed: 1 });
  const names = ["metadata.json", "config.json", "model.weights.h5"];
  const wanted = new Map(names.map((name) => [name, 1e6]));
  const parts = await readZip(await convert.toKeras(model), wanted, "the sample");
  return fromGrammar(zipFiles(parts), async (bytes) => checkModel(await convert.loadKeras(bytes, { device })));
}

async function vectorIndex(device: Device): Promise<Fuzzed> {
  const load = async (bytes: Uint8Array): Promise<void> => {
    const before = device.memory.bytes;
    try {
      using index = await VectorIndex.load(bytes, { device });
      check(new Set(index.ids).size === index.size, "an id occurs twice");
      const vectors = index.ids.map((id) => index.get(id)?.vector ?? []);
      check(
        vectors.every((vector) => vector.length === index.dimension),
        "a vector is of another size",
      );
      check(
        vectors.every((vector) => vector.every(Number.isFinite)),
        "a vector is not finite",
      );
    } finally {
      check(device.memory.bytes === before, "buffers were left behind");
    }
  };
  return fromGrammar(indexFiles, load);
}

async function words(): Promise<Fuzzed> {
  return fromGrammar(wordFiles, async (bytes) => checkWords((await readWordVectors(bytes)).vectors));
}

async function archive(): Promise<Fuzzed> {
  return fromGrammar(reviewArchives, async (source) => {
    const { train, test } = await imdb.load({ source, keepTexts: true });
    check(train.size >= 2 && test.size >= 2, "a folder is empty");
  });
}

async function series(): Promise<Fuzzed> {
  const load = async (bytes: Uint8Array): Promise<void> => {
    const { values, dates } = readSeries(new TextDecoder().decode(bytes), { name: "the sample", column: "price" });
    check(values.every(Number.isFinite), "a value is not finite");
    check((dates ?? values).length === values.length, "a date is missing");
  };
  // Which column is read is the user's choice.
  return fromGrammar(seriesFiles, load, { refusals: [UsageError] });
}

async function pageSeries(): Promise<Fuzzed> {
  return fromGrammar(seriesFiles, async (bytes) => {
    const { columns, dates } = await readSeriesTable("the sample", new TextDecoder().decode(bytes));
    const lengths = new Set([...columns.values()].map((column) => column.length));
    check(
      lengths.size === 1 && lengths.has((dates ?? [...columns.values()][0] ?? []).length),
      "columns differ in length",
    );
    check(
      [...columns.values()].flat().every((value) => !Number.isNaN(value)),
      "a value is not a number",
    );
  });
}

const labelled = (name: string) => async (bytes: Uint8Array) => {
  const rows = await readTextTable(bytes, { name });
  check(new Set(rows.map(({ text }) => text)).size === rows.length, "a text occurs twice");
  check(
    rows.every(({ text, label }) => text.trim() !== "" && label.trim() !== ""),
    "a row is odd",
  );
};

async function textTable(): Promise<Fuzzed> {
  return fromGrammar(labelledTables, labelled("table.csv"));
}

async function textLines(): Promise<Fuzzed> {
  return fromGrammar(labelledLines, labelled("table.jsonl"));
}

/** What the HDF5 library wrote comes back as it was; damaged, it is refused or holds no more than the file. */
async function hdf5(): Promise<Fuzzed> {
  const contents = new WeakMap<Files, string>();
  const told = (content: ReturnType<typeof readHdf5>) =>
    JSON.stringify([...content.datasets].sort().map(([path, { shape, data }]) => [path, shape, [...data]]));
  const some = fc.oneof(bytesMutation, addressMutation);
  const change = fc.oneof(
    { weight: 1, arbitrary: fc.constant(undefined) },
    {
      weight: 3,
      arbitrary: fc.oneof(
        some,
        some.map((edit) => (bytes: Uint8Array) => withChecksums(edit(bytes))),
      ),
    },
  );
  return {
    files: fc.tuple(hdf5Contents, change).map(([content, edit]) => async () => {
      const bytes = await hdf5Bytes(content);
      const files = single(edit === undefined ? bytes : edit(bytes));
      if (edit === undefined) contents.set(files, told(content));
      return files;
    }),
    async load(files) {
      const wanted = contents.get(files);
      try {
        const content = readHdf5(onlyOf(files), "the sample");
        checkArrays(content.datasets.values());
        const bytes = [...content.datasets.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
        check(bytes <= onlyOf(files).length, `${bytes} bytes came out of a file of ${onlyOf(files).length}`);
        if (wanted !== undefined) check(told(content) === wanted, "a whole file came back as another");
      } catch (error) {
        check(wanted === undefined, `a whole file was refused: ${error}`);
        throw error;
      }
    },
  };
}

/** By name. */
export const STRUCTURED: Readonly<Record<string, (device: Device) => Promise<Fuzzed>>> = {
  "safetensors by grammar": safetensors,
  "zip by grammar": zip,
  "hdf5 by grammar": hdf5,
  "vector index": vectorIndex,
  "word vectors by grammar": words,
  "review archive by grammar": archive,
  "series by grammar": series,
  "series of the page": pageSeries,
  "labelled table": textTable,
  "labelled lines": textLines,
};
