/** The arguments of `sluice forecast`. */
import { COMMON, choice, numbersOf, type OptionTable, parseOptions, textOf } from "./command_line.ts";
import { FORECAST_DEFAULTS, type ForecastOptions } from "./forecast_options.ts";
import { RUNTIMES, type RuntimeName } from "./runtime_info.ts";
import { UsageError } from "./usage_error.ts";

/** The parsed arguments of `sluice forecast`. */
export interface ForecastArguments {
  /** The options that were given; the others come from the defaults, or from the run to resume. */
  readonly given: Partial<ForecastOptions>;
  readonly source: SourceArguments;
  readonly runtime: RuntimeName;
  /** The directory to save the model in. */
  readonly out: string | undefined;
  /** The file to write the forecasts to, as CSV. */
  readonly forecasts: string | undefined;
  readonly svg: string | undefined;
  readonly json: string | undefined;
  readonly resume: string | undefined;
  readonly tune: boolean;
}

/** The series to forecast. */
export interface SourceArguments {
  /** A CSV file. Default: the embedded weather. */
  readonly csv?: string;
  readonly column?: string;
  readonly date?: string;
}

const defaults = FORECAST_DEFAULTS;

/** Options of `sluice forecast`. */
export const FORECAST_OPTIONS = {
  csv: { value: "FILE", help: "a series with a header line, oldest row first (daily weather in Seattle, embedded)" },
  column: { value: "NAME", help: "the column to forecast; needed with --csv (temp_max)" },
  date: { value: "NAME", help: "the column of dates (date, if there is one)" },
  window: { value: "N", help: `rows in each window (${defaults.window})` },
  ahead: { value: "N", help: `how many rows ahead to forecast (${defaults.ahead})` },
  layers: { value: "N", help: `stacked LSTM layers (${defaults.layers})` },
  units: { value: "N", help: `units of each layer (${defaults.units})` },
  dropout: { value: "RATE", help: `dropout rate after each layer (${defaults.dropout})` },
  epochs: { value: "N", help: `epochs (${defaults.epochs})` },
  "batch-size": { value: "N", help: `windows in a batch (${defaults.batchSize})` },
  "learning-rate": { value: "RATE", help: `Adam's (${defaults.learningRate})` },
  test: { value: "SHARE", help: `fraction of the rows to hold out, at the end (${defaults.test})` },
  limit: { value: "N", help: "use only the last N rows of the data" },
  seed: { value: "N", help: `the same seed gives the same result on the same adapter (${defaults.seed})` },
  runtime: { value: "NAME", help: "node, deno, chromium or firefox (node)" },
  out: { value: "DIR", help: "where to save the model, the forecasts and the chart (runs/forecast)" },
  forecasts: { value: "FILE", help: "write the forecasts as CSV (forecast.csv in the directory of --out)" },
  svg: { value: "FILE", help: "write the forecasts as an SVG chart (forecast.svg in the directory of --out)" },
  json: { value: "FILE", help: "write the results as JSON" },
  resume: { value: "DIR", help: "resume a stopped training run exactly where it stopped" },
  tune: { help: "measure each kernel's variants once on this adapter, remember the fastest, and use it" },
  ...COMMON,
} as const satisfies OptionTable;

/**
 * Parses the arguments of `sluice forecast`.
 * @throws UsageError for an unknown option, a missing value, an unexpected argument, or `--csv` without `--column`.
 */
export function parseForecast(argv: readonly string[]): ForecastArguments {
  const values = parseOptions("forecast", argv, FORECAST_OPTIONS);
  const source: SourceArguments = Object.fromEntries(
    (["csv", "column", "date"] as const).flatMap((name) => {
      const text = textOf(values, name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
  if (source.csv !== undefined && source.column === undefined) {
    throw new UsageError("--csv needs --column: name the column to forecast, such as --column temp_max");
  }
  return {
    given: numbersOf(values, [
      ...(["window", "ahead", "layers", "units", "dropout", "epochs", "batchSize"] as const),
      ...(["learningRate", "test", "limit", "seed"] as const),
    ]),
    source,
    runtime: choice(values, "runtime", RUNTIMES) ?? "node",
    out: textOf(values, "out"),
    forecasts: textOf(values, "forecasts"),
    svg: textOf(values, "svg"),
    json: textOf(values, "json"),
    resume: textOf(values, "resume"),
    tune: values.has("tune"),
  };
}
