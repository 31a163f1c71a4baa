/** What a forecast of the command line is told: values, defaults and their checks. No runtime's own modules here. */
import { objectOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { checkDropout, checkRange, checkWhole, savedNumbers } from "./option_checks.ts";

/**
 * Everything but the data that decides a forecast. It is saved with the model, so that `--resume` goes on with the
 * same.
 */
export interface ForecastOptions {
  /** T: rows per window. */
  readonly window: number;
  /** How many rows after a window's last the forecast is for. */
  readonly ahead: number;
  /** LSTM layers, one upon the other. */
  readonly layers: number;
  /** Units of each. */
  readonly units: number;
  /** After each LSTM layer. */
  readonly dropout: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** The share of rows that is held out at the end. */
  readonly test: number;
  /** Of weights, dropout and the order of the windows. */
  readonly seed: number;
  /** Only the last so many rows of the data. */
  readonly limit?: number;
}

/** The tutorial's model, and as many epochs as take about a minute without a GPU, on two cores: more help little. */
export const FORECAST_DEFAULTS: Readonly<Omit<ForecastOptions, "limit">> = {
  window: 60,
  ahead: 1,
  layers: 4,
  units: 50,
  dropout: 0.2,
  epochs: 3,
  batchSize: 32,
  learningRate: 0.001,
  test: 0.2,
  seed: 7,
};

const COUNTS = ["window", "ahead", "layers", "units", "epochs", "batchSize"] as const;

/**
 * Options with the defaults filled in, every value checked.
 * @throws UsageError naming the option, what it is and what it should be.
 */
export function completeForecastOptions(given: Partial<ForecastOptions>): ForecastOptions {
  const options: ForecastOptions = { ...FORECAST_DEFAULTS, ...given };
  for (const name of COUNTS) checkWhole(name, options[name], 1);
  checkWhole("seed", options.seed, 0);
  if (options.limit !== undefined) checkWhole("limit", options.limit, 3);
  checkDropout(options.dropout);
  checkRange("learningRate", options.learningRate, (value) => value > 0, "above 0");
  checkRange("test", options.test, (value) => value > 0 && value < 1, "between 0 and 1");
  return options;
}

/**
 * The options in a saved run.
 * @throws FormatError when they are damaged.
 */
export function savedForecastOptions(run: ReadonlyMap<string, JsonValue>, path: string): ForecastOptions {
  const names = Object.keys(FORECAST_DEFAULTS) as (keyof typeof FORECAST_DEFAULTS)[];
  return completeForecastOptions(
    savedNumbers(objectOf(run.get("options"), `${path}: options`), path, names, ["limit"] as const),
  );
}
