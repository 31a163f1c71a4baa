/**
 * Draws a forecast as SVG: the series with the forecast, and below it the errors of the network and of the naive
 * baseline.
 */
import { type ScaleLinear, type ScaleTime, scaleLinear, scaleUtc } from "d3-scale";
import { line } from "d3-shape";
import { element, escapeXml, label } from "../core/svg_elements.ts";
import { type ForecastReport, figure, naiveName } from "./forecast_report.ts";
import type { Series } from "./read_series.ts";

/** Okabe and Ito's colours, which colour-blind people can distinguish: https://jfly.uni-koeln.de/color/ */
const COLOURS = {
  actual: "#1f2430",
  past: "#8a919e",
  network: "#d55e00",
  naive: "#0072b2",
  grid: "#e6e8ec",
  axis: "#5b6270",
  heldOut: "#f6f7f9",
} as const;

const WIDTH = 960;
const LEFT = 76;
const RIGHT = WIDTH - 28;
const VALUE = { top: 108, bottom: 414 } as const;
const ERROR = { top: 458, bottom: 584 } as const;
const HEIGHT = 640;
/** The rows shown before the held-out part, as a fraction of its length. */
const PAST_SHARE = 0.5;

/** The position of a row on the axis: by date if the dates are known, otherwise by row number. */
interface RowAxis {
  readonly at: (row: number) => number;
  readonly ticks: readonly { readonly x: number; readonly text: string }[];
  readonly name: string;
}

/**
 * Draws the chart.
 * @param title the name of the series, such as "Seattle, the day's highest temperature in °C"
 */
export function forecastChart(report: ForecastReport, title: string): string {
  const { series, start, forecasts, scores, options, trained } = report;
  const { values } = series;
  const first = Math.max(0, start - Math.round(forecasts.actual.length * PAST_SHARE));
  const rows = rowAxis(series, first);
  const shown = [...values.slice(first), ...forecasts.network];
  const level = scaleLinear()
    .domain([least(shown), most(shown)])
    .range([VALUE.bottom, VALUE.top])
    .nice(6);
  const errors = {
    network: forecasts.network.map((value, index) => value - (forecasts.actual[index] as number)),
    naive: forecasts.naive.map((value, index) => value - (forecasts.actual[index] as number)),
  };
  const all = [...errors.network, ...errors.naive, 0];
  const error = scaleLinear()
    .domain([least(all), most(all)])
    .range([ERROR.bottom, ERROR.top])
    .nice(4);
  const path = (part: readonly number[], from: number, scale: ScaleLinear<number, number>) =>
    line<number>(
      (_, index) => rows.at(from + index),
      (value) => scale(value),
    ).digits(1)(part) ?? "";
  const stroke = (colour: string, width: number) =>
    ({ fill: "none", stroke: colour, "stroke-width": width, "stroke-linejoin": "round" }) as const;
  const subtitle =
    `Held-out RMSE: network ${figure(scores.network.rmse)}, ` +
    `${naiveName(options.ahead)} ${figure(scores.naive.rmse)}. ` +
    `Trained on ${start.toLocaleString("en-US")} rows before ${rowName(series, start)}.`;
  return `${element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      width: WIDTH,
      height: HEIGHT,
      role: "img",
      "font-family": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif",
      "font-size": 13,
      fill: COLOURS.axis,
    },
    [
      element("title", {}, [escapeXml(`${title}: forecast of the held-out rows`)]),
      element("desc", {}, [escapeXml(subtitle)]),
      element("rect", { width: WIDTH, height: HEIGHT, fill: "#ffffff" }),
      label(`${title}: forecasts of held-out rows`, {
        x: 24,
        y: 36,
        "font-size": 20,
        "font-weight": 600,
        fill: COLOURS.actual,
      }),
      label(subtitle, { x: 24, y: 60 }),
      ...legend([
        ["actual, held out", COLOURS.actual],
        ["actual, trained on", COLOURS.past],
        ["network", COLOURS.network],
        [naiveName(options.ahead), COLOURS.naive],
      ]),
      ...[VALUE, ERROR].map(({ top, bottom }) =>
        element("rect", {
          x: rows.at(start),
          y: top,
          width: RIGHT - rows.at(start),
          height: bottom - top,
          fill: COLOURS.heldOut,
        }),
      ),
      ...valueAxis(level, 6, series.column),
      ...valueAxis(error, 4, "forecast − actual"),
      ...rowTicks(rows),
      ...trainedRange(trained, level),
      element("path", { d: path(values.slice(first, start + 1), first, level), ...stroke(COLOURS.past, 1.3) }),
      element("path", { d: path(forecasts.actual, start, level), ...stroke(COLOURS.actual, 1.4) }),
      element("path", { d: path(forecasts.network, start, level), ...stroke(COLOURS.network, 1.6) }),
      element("line", { x1: LEFT, x2: RIGHT, y1: error(0), y2: error(0), stroke: COLOURS.axis }),
      element("path", { d: path(errors.naive, start, error), ...stroke(COLOURS.naive, 1.1) }),
      element("path", { d: path(errors.network, start, error), ...stroke(COLOURS.network, 1.4) }),
    ],
  )}\n`;
}

function rowAxis(series: Series, first: number): RowAxis {
  const last = series.values.length - 1;
  const range = [LEFT, RIGHT] as const;
  const { times, dates } = series;
  if (times !== undefined) {
    const scale: ScaleTime<number, number> = scaleUtc([times[first] as number, times[last] as number], range);
    const text = scale.tickFormat();
    return {
      at: (row) => scale(times[row] as number),
      ticks: scale.ticks(8).map((time) => ({ x: scale(time), text: text(time) })),
      name: "date",
    };
  }
  const scale = scaleLinear([first, last], range);
  return {
    at: (row) => scale(row),
    ticks: scale
      .ticks(dates === undefined ? 8 : 5)
      .filter(Number.isInteger)
      .map((row) => ({ x: scale(row), text: rowName(series, row) })),
    name: dates === undefined ? "row" : "date",
  };
}

function rowName({ dates }: Series, row: number): string {
  return dates?.[row] ?? String(row);
}

/** Grid lines with their values, and the axis's name above. */
function valueAxis(scale: ScaleLinear<number, number>, count: number, name: string): string[] {
  const text = scale.tickFormat(count);
  const [, top = 0] = scale.range();
  return [
    label(name, { x: 24, y: top - 12, fill: COLOURS.axis, "font-weight": 600 }),
    ...scale.ticks(count).flatMap((value) => {
      const y = scale(value);
      return [
        element("line", { x1: LEFT, x2: RIGHT, y1: y, y2: y, stroke: COLOURS.grid }),
        label(text(value), { x: LEFT - 10, y: y + 4.5, "text-anchor": "end" }),
      ];
    }),
  ];
}

function rowTicks({ ticks, name }: RowAxis): string[] {
  return [VALUE, ERROR].flatMap(({ top, bottom }) => [
    element("line", { x1: LEFT, x2: RIGHT, y1: bottom, y2: bottom, stroke: COLOURS.axis }),
    ...ticks.flatMap(({ x, text }) => [
      element("line", { x1: x, x2: x, y1: top, y2: bottom, stroke: COLOURS.grid }),
      element("line", { x1: x, x2: x, y1: bottom, y2: bottom + 5, stroke: COLOURS.axis }),
      ...(bottom === ERROR.bottom ? [label(text, { x, y: bottom + 20, "text-anchor": "middle" })] : []),
    ]),
    ...(bottom === ERROR.bottom
      ? [label(name, { x: (LEFT + RIGHT) / 2, y: bottom + 42, "text-anchor": "middle", "font-weight": 600 })]
      : []),
  ]);
}

/** The range of the training data, clipped to the chart. */
function trainedRange(trained: readonly [number, number], scale: ScaleLinear<number, number>): string[] {
  const [low = 0, high = 0] = scale.domain();
  return trained
    .map((value, end) => [value, end === 0 ? "least trained on" : "most trained on"] as const)
    .filter(([value]) => value > low && value < high)
    .flatMap(([value, name]) => {
      const y = scale(value);
      return [
        element("line", { x1: LEFT, x2: RIGHT, y1: y, y2: y, stroke: COLOURS.axis, "stroke-dasharray": "2 4" }),
        label(`${name}: ${figure(value)}`, { x: LEFT + 6, y: y - 6, "font-size": 11 }),
      ];
    });
}

/** The legend: names beside strokes of their colour, in a row. */
function legend(entries: readonly (readonly [string, string])[]): string[] {
  let x = LEFT + 96;
  return entries.flatMap(([name, colour]) => {
    const at = x;
    x += 46 + name.length * 7;
    return [
      element("line", { x1: at, x2: at + 22, y1: 91, y2: 91, stroke: colour, "stroke-width": 3 }),
      label(name, { x: at + 28, y: 95.5 }),
    ];
  });
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b));
}
