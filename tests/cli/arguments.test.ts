import { expect, test } from "vitest";
import { BENCH_OPTIONS } from "../../src/cli/bench_arguments.ts";
import { hasOption, helpOf, type OptionTable } from "../../src/cli/command_line.ts";
import { FORECAST_OPTIONS, parseForecast } from "../../src/cli/forecast_arguments.ts";
import { completeForecastOptions, FORECAST_DEFAULTS } from "../../src/cli/forecast_options.ts";
import { nearestName } from "../../src/cli/nearest_name.ts";
import { NEIGHBOURS_OPTIONS } from "../../src/cli/neighbours_arguments.ts";
import { PREDICT_OPTIONS, parsePredict } from "../../src/cli/predict_arguments.ts";
import { parseTrain, TRAIN_OPTIONS } from "../../src/cli/train_arguments.ts";
import { completeOptions, PRESETS } from "../../src/cli/train_options.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { WORDS_OPTIONS } from "../../src/cli/words_arguments.ts";

test("train: options become values; the archive may come from the environment", () => {
  const told = parseTrain(["--data", "imdb", "--batch-size=16", "--learning-rate", "1e-3", "--limit", "100"], {
    SLUICE_IMDB: "reviews.tar.gz",
  });
  expect(told).toMatchObject({ archive: "reviews.tar.gz", runtime: "node" });
  expect(told.given).toEqual({ data: "imdb", batchSize: 16, learningRate: 0.001, limit: 100 });
  expect(completeOptions(told.given)).toMatchObject({ ...PRESETS.imdb, batchSize: 16, learningRate: 0.001, seed: 7 });
  expect(parseTrain(["--archive", "a"], { SLUICE_IMDB: "b" }).archive).toBe("a");
});

test.each([
  [["--epohs", "3"], "unknown option --epohs; did you mean --epochs?"],
  [["--toString"], "unknown option --toString"],
  [["-x"], "unknown option -x"],
  [["--epochs"], "--epochs has no value; expected --epochs N"],
  [["--epochs", "--json", "a"], "--epochs has no value"],
  [["--epochs", "three"], '--epochs is "three"; expected a number'],
  [["--epochs", "0"], "--epochs is 0; expected a whole number of at least 1"],
  [["--epochs", "1.5"], "--epochs is 1.5; expected a whole number"],
  [["--batch-size", "1e12"], "--batch-size is 1000000000000"],
  [["--dropout", "1"], "--dropout is 1; expected a number from 0"],
  [["--learning-rate", "0"], "--learning-rate is 0; expected a number above 0"],
  [["--data", "mnist"], '--data is "mnist"; expected sentences or imdb'],
  [["--data", "sentence"], "expected sentences or imdb: did you mean sentences?"],
  [["--csv", "a.csv", "--data", "imdb"], "--csv a.csv and --data imdb are two data sets; give only one"],
  [["--text-column", "a"], "--text-column and --label-column need --csv FILE"],
  [["--runtime", "bun"], '--runtime is "bun"; expected node, deno, chromium or firefox'],
  [["--help=yes"], "--help takes no value"],
  [["please"], 'unexpected "please"'],
])("train %j: one line says what is wrong", (words, message) => {
  const parse = () => completeOptions(parseTrain(words, {}).given);
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(message);
});

test("predict needs a model, and texts that hold something", () => {
  expect(parsePredict(["--model", "m", "good", "-", "--", "--bad"])).toMatchObject({
    model: "m",
    texts: ["good", "-", "--bad"],
  });
  expect(() => parsePredict(["good"])).toThrow(/--model is missing/);
  expect(() => parsePredict(["--model", "m", "good", " "])).toThrow(/text 2 is empty/);
  expect(() => parsePredict(["--model", "m", "--runtime", "chromium"])).toThrow(/expected node or deno/);
});

test("forecast: options become values; what is not given is left to the defaults", () => {
  const told = parseForecast([
    "--csv",
    "a.csv",
    "--column=price",
    "--test",
    "0.1",
    "--batch-size",
    "8",
    "--svg",
    "a.svg",
  ]);
  expect(told).toMatchObject({
    given: { test: 0.1, batchSize: 8 },
    source: { csv: "a.csv", column: "price" },
    svg: "a.svg",
    runtime: "node",
  });
  expect(completeForecastOptions(told.given)).toEqual({ ...FORECAST_DEFAULTS, test: 0.1, batchSize: 8 });
  // The tutorial's model.
  expect(FORECAST_DEFAULTS).toMatchObject({ window: 30, layers: 1, units: 32, dropout: 0, batchSize: 32 });
});

test.each([
  [["--windows", "3"], "unknown option --windows; did you mean --window?"],
  [["--csv", "a.csv"], "--csv needs --column: name the column to forecast"],
  [["--window", "0"], "--window is 0; expected a whole number of at least 1"],
  [["--ahead", "1.5"], "--ahead is 1.5"],
  [["--layers", "0"], "--layers is 0"],
  [["--test", "1"], "--test is 1; expected a number between 0 and 1"],
  [["--dropout", "-0.1"], "--dropout is -0.1; expected a number from 0"],
  [["--limit", "2"], "--limit is 2; expected a whole number of at least 3"],
  [["prices.csv"], 'unexpected "prices.csv"; expected options only: see `sluice forecast --help`'],
])("forecast %j: one line says what is wrong", (words, message) => {
  const parse = () => completeForecastOptions(parseForecast(words).given);
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(message);
});

test.each([TRAIN_OPTIONS, PREDICT_OPTIONS, FORECAST_OPTIONS])("the help names every option, once (%#)", (table) => {
  const lines = helpOf(table).split("\n");
  expect(lines).toHaveLength(Object.keys(table).length);
  expect(lines.every((line) => line.length < 110)).toBe(true);
});

test("--tune is for both trainings", () => {
  expect(parseTrain([], {}).tune).toBe(false);
  expect(parseTrain(["--tune"], {}).tune).toBe(true);
  expect(parseForecast(["--tune"]).tune).toBe(true);
});

test("a table of one's own has defaults of its own", () => {
  const told = parseTrain(["--csv", "a.csv", "--label-column", "topic"], {});
  expect(told).toMatchObject({ csv: "a.csv", textColumn: undefined, labelColumn: "topic", given: { data: "table" } });
  expect(completeOptions(told.given)).toMatchObject({ ...PRESETS.table, data: "table", seed: 7 });
});

test.each([
  ["epohs", "epochs"],
  ["batchsize", "batch-size"],
  ["sede", "seed"],
  ["jsn", "json"],
  ["embed", "embedding"],
  ["trian", "train"],
  ["forcast", "forecast"],
  ["xyz", undefined],
  ["fly", undefined],
  ["x", undefined],
])("%s was meant to be %s", (given, name) => {
  expect(nearestName(given, [...Object.keys(TRAIN_OPTIONS), "train", "predict", "forecast"])).toBe(name);
});

test("an option has one meaning in all commands", () => {
  const tables = { TRAIN_OPTIONS, PREDICT_OPTIONS, FORECAST_OPTIONS, WORDS_OPTIONS, NEIGHBOURS_OPTIONS, BENCH_OPTIONS };
  for (const [name, table] of Object.entries<OptionTable>(tables)) {
    expect(table.json?.value ?? "FILE", name).toBe("FILE");
    expect(table.json?.help ?? "write it as JSON", name).toMatch(/^write .* as JSON/);
    expect(table.out?.help ?? "where to save", name).toMatch(/^where to save/);
    expect(table.model?.help ?? "a model that", name).toMatch(/^a model that/);
  }
});

test("a word after -- is no option", () => {
  expect(hasOption(["--help"], "--help")).toBe(true);
  expect(hasOption(["--", "--help"], "--help")).toBe(false);
});
