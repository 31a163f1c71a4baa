/** The arguments of `sluice forecast`. */
import { COMMON, choice, numbersOf, type OptionTable, readOptions, textOf } from "./command_line.ts";
import { FORECAST_DEFAULTS, type ForecastOptions } from "./forecast_options.ts";
import { RUNTIMES, type RuntimeName } from "./runtime_info.ts";
import { UsageError } from "./usage_error.ts";

/** What `sluice forecast` was told. */
export interface ForecastArguments {
  /** Only what was given: the rest comes from the defaults, or from the run to resume. */
  readonly given: Partial<ForecastOptions>;
  readonly source: SourceArguments;
  readonly runtime: RuntimeName;
  /** The directory of the model. */
  readonly model: string | undefined;
  /** The forecast as CSV. */
  readonly out: string | undefined;
  readonly svg: string | undefined;
  readonly json: string | undefined;
  readonly resume: string | undefined;
  readonly tune: boolean;
}

/** Which series is forecast. */
export interface SourceArguments {
  /** A CSV file; the embedded prices where there is none. */
  readonly csv?: string;
  readonly column?: string;
  readonly date?: string;
}

const defaults = FORECAST_DEFAULTS;

/** Options of `sluice forecast`. */
export const FORECAST_OPTIONS = {
  csv: { value: "FILE", help: "a series with a header line, oldest row first (daily S&P 500 prices, embedded)" },
  column: { value: "NAME", help: "the column to forecast; needed with --csv (close)" },
  date: { value: "NAME", help: "the column with the dates (date, where there is one)" },
  window: { value: "N", help: `rows that each forecast sees (${defaults.window})` },
  ahead: { value: "N", help: `how many rows ahead it looks (${defaults.ahead})` },
  layers: { value: "N", help: `LSTM layers, one upon the other (${defaults.layers})` },
  units: { value: "N", help: `units of each (${defaults.units})` },
  dropout: { value: "RATE", help: `share of each layer's output that is dropped (${defaults.dropout})` },
  epochs: { value: "N", help: `times through the windows (${defaults.epochs})` },
  "batch-size": { value: "N", help: `windows per step (${defaults.batchSize})` },
  "learning-rate": { value: "RATE", help: `Adam's (${defaults.learningRate})` },
  test: { value: "SHARE", help: `share of the rows, the last ones, that is held out (${defaults.test})` },
  limit: { value: "N", help: "only the last N rows of the data" },
  seed: { value: "N", help: `one seed, one result on one adapter (${defaults.seed})` },
  runtime: { value: "NAME", help: "node, deno, chromium or firefox (node)" },
  out: { value: "FILE", help: "the forecast as CSV (runs/forecast/forecast.csv)" },
  svg: { value: "FILE", help: "the forecast as a picture (runs/forecast/forecast.svg)" },
  model: { value: "DIR", help: "where the model and its scaler are saved (runs/forecast)" },
  json: { value: "FILE", help: "write the results as JSON" },
  resume: { value: "DIR", help: "go on with a training that was stopped, exactly where it stopped" },
  tune: { help: "measure the kernels' variants once on this adapter, remember, and run the fastest" },
  ...COMMON,
} as const satisfies OptionTable;

/**
 * What was typed after `sluice forecast`.
 * @throws UsageError for an unknown option, a missing value, a word too many, or `--csv` without `--column`.
 */
export function parseForecast(words: readonly string[]): ForecastArguments {
  const values = readOptions("forecast", words, FORECAST_OPTIONS);
  const source: SourceArguments = Object.fromEntries(
    (["csv", "column", "date"] as const).flatMap((name) => {
      const text = textOf(values, name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
  if (source.csv !== undefined && source.column === undefined) {
    throw new UsageError("--csv needs --column: name the column to forecast, such as --column close");
  }
  return {
    given: numbersOf(values, [
      ...(["window", "ahead", "layers", "units", "dropout", "epochs", "batchSize"] as const),
      ...(["learningRate", "test", "limit", "seed"] as const),
    ]),
    source,
    runtime: choice(values, "runtime", RUNTIMES) ?? "node",
    model: textOf(values, "model"),
    out: textOf(values, "out"),
    svg: textOf(values, "svg"),
    json: textOf(values, "json"),
    resume: textOf(values, "resume"),
    tune: values.has("tune"),
  };
}
