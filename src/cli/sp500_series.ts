/** The default series of `sluice forecast`; the build bundles it. */
import csv from "vega-datasets/data/sp500-2000.csv?raw" with { type: "text" };

/** Daily prices of the S&P 500, 2000-01-03 to 2020-04-17: date, open, high, low, close, adjclose, volume. */
export const sp500 = {
  csv,
  name: "sp500-2000.csv",
  column: "close",
  attribution: "S&P 500, daily prices from Yahoo Finance, as the npm package vega-datasets 3.2.1 has them.",
} as const;
