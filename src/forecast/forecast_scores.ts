/** Scores a forecast against two baselines that need no network. */

import { ValueError } from "../core/errors.ts";
import { count, finite, listOf, positive, readSome, readValue, required } from "../core/option_table.ts";

const numbers = listOf(finite);
const RISES = { actual: required(numbers), naive: required(numbers) };

/** The errors of forecasts, in the units of the series. */
export interface Scores {
  readonly rmse: number;
  readonly mae: number;
  /** The share of changes whose direction was forecast correctly; undefined if every forecast is "no change". */
  readonly direction: number | undefined;
}

/** Forecasts of the same rows: element i of each list belongs to the same row. */
export interface Forecasts {
  readonly actual: readonly number[];
  /** The last value known when each forecast was made: "tomorrow equals today". */
  readonly naive: readonly number[];
  /** The mean of the last `AVERAGED` values known when each forecast was made. */
  readonly average: readonly number[];
  readonly network: readonly number[];
}

/** The number of rows in the moving average: a week of trading days. */
export const AVERAGED = 5;

/**
 * Combines the network's forecasts, each made `ahead` rows before its row, with the baselines' forecasts. The first row
 * is `start`.
 */
export function besideSimple(
  values: readonly number[],
  start: number,
  ahead: number,
  network: readonly number[],
): Forecasts {
  readValue("besideSimple", "values", numbers, values);
  readValue("besideSimple", "start", count, start);
  readValue("besideSimple", "ahead", positive, ahead);
  readValue("besideSimple", "network", numbers, network);
  if (start > values.length || ahead > start) {
    throw new ValueError(
      `besideSimple: start is ${start} and ahead ${ahead} of ${values.length} values; expected ahead ≤ start ≤ values`,
    );
  }
  const rows = Array.from({ length: values.length - start }, (_, index) => start + index);
  return {
    actual: values.slice(start),
    naive: rows.map((row) => values[row - ahead] as number),
    average: rows.map((row) => meanOf(values.slice(Math.max(0, row - ahead + 1 - AVERAGED), row - ahead + 1))),
    network,
  };
}

/** Scores `forecast` against the actual values; `known` contains the values relative to which changes are measured. */
export function score(actual: readonly number[], forecast: readonly number[], known: readonly number[]): Scores {
  for (const [name, list] of Object.entries({ actual, forecast, known })) readValue("score", name, numbers, list);
  const errors = actual.map((value, index) => (forecast[index] as number) - value);
  const moves = actual.map((value, index) => Math.sign(value - (known[index] as number)));
  const called = forecast.map((value, index) => Math.sign(value - (known[index] as number)));
  const right = moves.filter((move, index) => move !== 0 && move === called[index]).length;
  const moved = moves.filter((move) => move !== 0).length;
  return {
    rmse: Math.sqrt(meanOf(errors.map((error) => error ** 2))),
    mae: meanOf(errors.map(Math.abs)),
    direction: moved === 0 || called.every((call) => call === 0) ? undefined : right / moved,
  };
}

/** The fraction of changes that were rises. */
export function shareOfRises(forecasts: Forecasts): number {
  const { actual, naive } = readSome("shareOfRises", RISES, forecasts);
  const moves = actual.map((value, index) => value - (naive[index] as number)).filter((move) => move !== 0);
  return moves.length === 0 ? 0 : moves.filter((move) => move > 0).length / moves.length;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
