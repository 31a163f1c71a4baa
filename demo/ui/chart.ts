/**
 * Charts by uPlot, which is designed for streaming data: common options, and a hook that ties a chart to a component.
 */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, onThemeChange } from "./theme.ts";

/** An axis whose labels take `size` pixels. */
export function axis(size: number): uPlot.Axis {
  return {
    stroke: () => colour("--muted"),
    grid: { stroke: () => colour("--grid"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
    size,
  };
}

/** Tick increments for an axis of whole numbers. */
export const WHOLE = [1, 2, 5]
  .flatMap((digit) => Array.from({ length: 7 }, (_, power) => digit * 10 ** power))
  .sort((a, b) => a - b);

const isPowerOfTen = (value: number): boolean => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;

/** A logarithmic axis: a grid line at each power of ten, labelled if there is room. */
export function logAxis(size: number, format: (value: number) => string): uPlot.Axis {
  const plain = axis(size);
  return {
    ...plain,
    grid: { ...plain.grid, filter: (_plot, splits) => splits.map((value) => (isPowerOfTen(value) ? value : null)) },
    values: (_plot, splits) => splits.map((value) => (isPowerOfTen(value) ? format(value) : "")),
  };
}

/** A line without points, in a named colour of the theme. */
export function line(label: string, paint: string, dash: number[] = [], width = 2): uPlot.Series {
  return { label, stroke: () => colour(paint), width, dash, points: { show: false } };
}

/** The options of a chart, except its size. */
export type ChartOptions = Omit<uPlot.Options, "width" | "height">;

/** A chart as wide as its host. `draw.current()` draws the current result of `data`, at most once per frame. */
export function useChart(options: ChartOptions, height: number, data: () => uPlot.AlignedData) {
  const host = useRef<HTMLDivElement>(null);
  const draw = useRef<() => void>(() => undefined);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const plot = new uPlot(
      {
        ...{ width: Math.max(200, element.clientWidth), height },
        ...{ legend: { show: false }, cursor: { drag: { x: false, y: false } } },
        ...options,
      },
      data(),
      element,
    );
    let frame = 0;
    draw.current = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => plot.setData(data()));
    };
    const resize = new ResizeObserver(() => {
      if (element.clientWidth > 0) plot.setSize({ width: element.clientWidth, height });
    });
    resize.observe(element);
    const forget = onThemeChange(() => draw.current());
    return () => {
      cancelAnimationFrame(frame);
      resize.disconnect();
      forget();
      plot.destroy();
    };
  }, []);
  return { host, draw };
}
