/**
 * The options of `sluice forecast`: values, defaults and checks. Browsers load this file too, so it imports no Node
 * modules.
 */
import { objectOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { checkDropout, checkRange, checkWhole, savedNumbers } from "./option_checks.ts";

/**
 * Everything except the data that determines a forecast. It is saved with the model, so that `--resume` continues with
 * the same options.
 */
export interface ForecastOptions {
  /** T: the number of rows in a window. */
  readonly window: number;
  /** How many rows after the window's last row to forecast. */
  readonly ahead: number;
  /** The number of stacked LSTM layers. */
  readonly layers: number;
  /** The units of each layer. */
  readonly units: number;
  /** The dropout rate after each LSTM layer. */
  readonly dropout: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** The share of rows that is held out at the end. */
  readonly test: number;
  /** The seed of weights, dropout and the order of the windows. */
  readonly seed: number;
  /** Use only the last `limit` rows of the data. */
  readonly limit?: number;
}

/** A small network, like the page's: a few hundred windows of one column cannot train a large one. */
export const FORECAST_DEFAULTS: Readonly<Omit<ForecastOptions, "limit">> = {
  window: 30,
  ahead: 1,
  layers: 1,
  units: 32,
  dropout: 0,
  epochs: 20,
  batchSize: 32,
  learningRate: 0.005,
  test: 0.2,
  seed: 7,
};

const COUNTS = ["window", "ahead", "layers", "units", "epochs", "batchSize"] as const;

/**
 * Fills in the defaults and checks every value.
 * @throws UsageError that names the option, its value and the expected value.
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
 * Reads the options of a saved run.
 * @throws FormatError when they are damaged.
 */
export function savedForecastOptions(run: ReadonlyMap<string, JsonValue>, path: string): ForecastOptions {
  const names = Object.keys(FORECAST_DEFAULTS) as (keyof typeof FORECAST_DEFAULTS)[];
  return completeForecastOptions(
    savedNumbers(objectOf(run.get("options"), `${path}: options`), path, names, ["limit"] as const),
  );
}
