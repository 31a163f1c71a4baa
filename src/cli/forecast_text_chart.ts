/** Draws a forecast as a chart of characters, for a terminal. */
import { scaleLinear } from "d3-scale";
import plot from "simple-ascii-chart";
import type { ForecastReport } from "./forecast_report.ts";

const COLUMNS = 72;
const ROWS = 14;
const ACTUAL = "•";
const NETWORK = "×";
/** The width of a label below the chart, with the gap to the next one. */
const LABEL_COLUMNS = 17;

/** The held-out rows, reduced to the width of a terminal: `•` is the actual value, `×` the forecast. */
export function forecastSketch({ series, start, forecasts }: ForecastReport): string {
  const { actual, network } = forecasts;
  const width = Math.min(COLUMNS, actual.length);
  const rows = Array.from({ length: width }, (_, column) =>
    width === 1 ? 0 : Math.round((column * (actual.length - 1)) / (width - 1)),
  );
  const thin = (values: readonly number[]) =>
    rows.map((row, column): [number, number] => [column, values[row] as number]);
  const lines = [thin(actual), thin(network)];
  const all = lines.flat().map(([, value]) => value);
  const scale = scaleLinear([Math.min(...all), Math.max(...all)], [0, 1]).nice(4);
  const ticks = Array.from({ length: Math.floor((width - 1) / LABEL_COLUMNS) + 1 }, (_, tick) => tick * LABEL_COLUMNS);
  const text = scale.tickFormat(4);
  const sketch = plot(lines, {
    width: COLUMNS,
    height: ROWS,
    yRange: scale.domain() as [number, number],
    customYAxisTicks: scale.ticks(4),
    customXAxisTicks: ticks,
    formatter: (value, { axis }) => {
      if (axis === "y") return text(value);
      const row = start + (rows[value] as number);
      return series.dates?.[row] ?? String(row);
    },
    lineFormatter: ({ plotX, plotY, y, index }) => ({
      x: plotX + 1,
      y: plotY,
      symbol: y === lines[0]?.[index]?.[1] ? ACTUAL : NETWORK,
    }),
  });
  const trimmed = sketch.split("\n").map((each) => each.trimEnd());
  return [...trimmed.filter((each) => each !== ""), `  ${ACTUAL} actual   ${NETWORK} network`].join("\n");
}
