/** `sluice forecast`: trains a stacked LSTM on a series, and compares its forecasts with those of simple baselines. */
import { FormatError } from "../core/errors.ts";
import { MinMaxScaler } from "../data/min_max_scaler.ts";
import { sha256Hex } from "../io/sha256.ts";
import type { JsonValue } from "../io/strict_json.ts";
import type { FileSystem } from "../platform/file_interface.ts";
import { openFileSystem } from "../platform/file_system.ts";
import type { ForecastArguments, SourceArguments } from "./forecast_arguments.ts";
import { prepare } from "./forecast_job.ts";
import { completeForecastOptions, type ForecastOptions, savedForecastOptions } from "./forecast_options.ts";
import { forecastCsv, forecastRecord, reportOf, reportText } from "./forecast_report.ts";
import { forecastChart } from "./forecast_svg.ts";
import { forecastSketch } from "./forecast_text_chart.ts";
import { INTERRUPTED } from "./interrupt.ts";
import { checkDirectory, checkFile, checkInput } from "./path_checks.ts";
import { printLine } from "./print.ts";
import { readSeries, type Series } from "./read_series.ts";
import { encodeJson, type RunKind, readRun, resumedOptions, writeRun } from "./run_directory.ts";
import { runTask } from "./run_training_task.ts";
import { UsageError } from "./usage_error.ts";

/** The settings of a saved run. */
interface ToldRun {
  readonly options: ForecastOptions;
  readonly source: SourceArguments;
  /** The hash of the series' values: a resumed run must use the same values. */
  readonly seriesSha256: string;
  /** The scaler, which converts the model's output to the units of the series. */
  readonly scaler: MinMaxScaler;
}

/** The series and its source. */
interface Source {
  readonly series: Series;
  readonly file: string;
  readonly title: string;
  readonly attribution: string | undefined;
}

/**
 * Runs `sluice forecast`.
 * @param main the URL of the built command line
 * @returns the exit status: 0, or that of an interrupted program
 * @throws SluiceError for every error that the user can fix
 */
export async function forecastCommand(args: ForecastArguments, main: string): Promise<number> {
  const began = performance.now();
  const storage = await openFileSystem();
  const saved = args.resume === undefined ? undefined : await readRun(storage, args.resume, RUN);
  const options = completeForecastOptions(
    saved === undefined ? args.given : resumedOptions(saved.settings.options, args.given, args.resume ?? ""),
  );
  const sourceArguments = saved === undefined ? args.source : sameSource(saved.settings.source, args);
  const source = await loadSource(storage, sourceArguments, options.limit);
  const { series } = source;
  const { train, test, start, scaler } = prepare(series.values, options);
  const seriesSha256 = await sha256Hex(new Uint8Array(Float64Array.from(series.values).buffer));
  if (saved !== undefined && saved.settings.seriesSha256 !== seriesSha256) {
    throw new UsageError(
      `--resume ${args.resume}: ${source.file} has other values than when the run began; give the same file, ` +
        "or start a new run without --resume",
    );
  }
  const places = await checkPaths(args);
  const about = [
    ...(source.attribution === undefined ? [] : [source.attribution]),
    `"${series.column}" of ${source.file}: ${series.values.length} rows${spanOf(series, 0)}`,
    `${train.size} windows of ${options.window} rows to train on, ${test.size} held out${spanOf(series, start)}`,
  ].join("\n");
  const runSettings: ToldRun = { options, source: sourceArguments, seriesSha256, scaler };
  const { tune } = args;
  const job = { options, values: series.values, about, tune, ...(saved && { resume: saved.files }) };
  const result = await runTask("forecast", job, {
    ...{ runtime: args.runtime, main, noun: "windows" },
    directory: places.model,
    save: (files) => writeRun(storage, places.model, RUN.task, { settings: runSettings, files }),
  });
  if (result === undefined) return INTERRUPTED;
  const report = reportOf(series, options, result);
  printLine(`\n${forecastSketch(report)}\n\n${reportText(report)}\n`);
  const text = new TextEncoder();
  await storage.writeFileAtomic(places.forecasts, text.encode(forecastCsv(report)));
  await storage.writeFileAtomic(places.svg, text.encode(forecastChart(report, source.title)));
  const seconds = (performance.now() - began) / 1000;
  if (args.json !== undefined) {
    const record = forecastRecord(report, result, { file: source.file, seriesSha256 }, seconds);
    await storage.writeFileAtomic(args.json, encodeJson(record));
  }
  printLine(
    `Done in ${seconds.toFixed(0)} s. Picture: ${places.svg}; forecasts: ${places.forecasts}; model: ${places.model}`,
  );
  return 0;
}

const RUN: RunKind<ToldRun> = {
  task: "forecast",
  read: (fields, path) => ({
    options: savedForecastOptions(fields, path),
    source: savedSource(fields.get("source"), path),
    seriesSha256: savedText(fields.get("seriesSha256"), `${path}: seriesSha256`),
    scaler: MinMaxScaler.fromJSON(fields.get("scaler"), `${path}: scaler`),
  }),
};

/** The longest CSV file that is read. */
const MAX_CSV_BYTES = 2 ** 26;

/** Reads the series, or its last `limit` rows. */
async function loadSource(storage: FileSystem, args: SourceArguments, limit: number | undefined): Promise<Source> {
  const { csv, date } = args;
  const { seattleWeather } = await import("./seattle_weather.ts");
  const file = csv ?? seattleWeather.name;
  const column = args.column ?? seattleWeather.column;
  if (csv !== undefined) await checkInput("--csv", csv, "a CSV file with a header line");
  const text =
    csv === undefined
      ? seattleWeather.csv
      : new TextDecoder().decode(await storage.readFile(csv, { maxBytes: MAX_CSV_BYTES }));
  const whole = readSeries(text, { name: file, column, date });
  const last = <T>(all: readonly T[]): readonly T[] => (limit === undefined ? all : all.slice(-limit));
  const series: Series = {
    column,
    values: last(whole.values),
    ...(whole.dates && { dates: last(whole.dates) }),
    ...(whole.times && { times: last(whole.times) }),
  };
  return csv === undefined
    ? {
        series,
        file,
        title: column === seattleWeather.column ? seattleWeather.title : `Seattle, ${column}`,
        attribution: seattleWeather.attribution,
      }
    : { series, file, title: `${column} of ${file.split(/[\\/]/).at(-1)}`, attribution: undefined };
}

async function checkPaths({ out, forecasts, svg, json, resume }: ForecastArguments) {
  const directory = (out ?? resume ?? "runs/forecast").replace(/(.)\/+$/, "$1");
  await checkDirectory(out === undefined && resume !== undefined ? "--resume" : "--out", directory);
  const places = { forecasts: forecasts ?? `${directory}/forecast.csv`, svg: svg ?? `${directory}/forecast.svg` };
  await checkFile("--forecasts", places.forecasts);
  await checkFile("--svg", places.svg);
  if (json !== undefined) await checkFile("--json", json);
  return { model: directory, ...places };
}

/** The source of a resumed training run. @throws UsageError when another source was given. */
function sameSource(saved: SourceArguments, { source, resume }: ForecastArguments): SourceArguments {
  for (const name of ["csv", "column", "date"] as const) {
    if (source[name] === undefined || source[name] === saved[name]) continue;
    throw new UsageError(
      `--${name} is ${source[name]}, but the training run in ${resume} has ${saved[name] ?? "not set"}; omit the ` +
        "option, or start a new run without --resume",
    );
  }
  return saved;
}

function savedSource(value: JsonValue | undefined, path: string): SourceArguments {
  const fields = Object.entries(typeof value === "object" && value !== null ? value : {});
  return Object.fromEntries(fields.map(([name, field]) => [name, savedText(field, `${path}: source.${name}`)]));
}

function savedText(value: JsonValue | undefined, what: string): string {
  if (typeof value !== "string") throw new FormatError(`${what} is not a string; the file is damaged`);
  return value;
}

function spanOf({ dates }: Series, start: number): string {
  return dates === undefined ? "" : `, ${dates[start]} to ${dates.at(-1)}`;
}
