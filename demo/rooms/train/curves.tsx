/** The two curves, drawn by uPlot, which is made for data that streams. */
import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, onThemeChange } from "../../ui/theme.ts";
import type { Point } from "../../worker/reporter.ts";
import { curves, curvesVersion } from "./store.ts";

const HEIGHT = 220;

type Measure = "loss" | "accuracy";

interface Scale {
  readonly range: (greatest: number) => [number, number];
  readonly format: (value: number) => string;
}

const SCALES: Readonly<Record<Measure, Scale>> = {
  loss: { range: (greatest) => [0, Math.max(0.8, greatest * 1.05)], format: (value) => value.toFixed(1) },
  accuracy: { range: () => [0.4, 1], format: (value) => `${Math.round(100 * value)}%` },
};

function makePlot(host: HTMLElement, { range, format }: Scale): uPlot {
  const axis = (): uPlot.Axis => ({
    stroke: () => colour("--muted"),
    grid: { stroke: () => colour("--grid"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  });
  return new uPlot(
    {
      width: Math.max(200, host.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { time: false, range: (_plot, _least, greatest) => [0, Math.max(1, greatest ?? 1)] },
        y: { range: (_plot, _least, greatest) => range(greatest ?? 0) },
      },
      axes: [
        { ...axis(), incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000], size: 32 },
        { ...axis(), size: 48, values: (_plot, splits) => splits.map(format) },
      ],
      series: [
        {},
        { label: "training", stroke: () => colour("--train"), width: 2, spanGaps: true, points: { show: false } },
        {
          ...{ label: "held out", stroke: () => colour("--held-out"), width: 2, dash: [6, 4], spanGaps: true },
          points: { show: true, size: 8, fill: () => colour("--held-out") },
        },
      ],
    },
    [[], [], []],
    host,
  );
}

/** Both curves over the steps of either. */
function columns(measure: Measure): uPlot.AlignedData {
  const { training, heldOut } = curves;
  const steps = [...new Set([...training, ...heldOut].map(({ step }) => step))].sort((a, b) => a - b);
  const column = (points: readonly Point[]): (number | null)[] => {
    const byStep = new Map(points.map((point) => [point.step, point[measure]]));
    return steps.map((step) => byStep.get(step) ?? null);
  };
  return [steps, column(training), column(heldOut)];
}

/** One curve. It is drawn once per frame, however many points came. */
export function Curve({ measure }: { readonly measure: Measure }) {
  const host = useRef<HTMLDivElement>(null);
  const draw = useRef<() => void>(() => undefined);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const plot = makePlot(element, SCALES[measure]);
    let frame = 0;
    draw.current = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => plot.setData(columns(measure)));
    };
    draw.current();
    const resize = new ResizeObserver(() => {
      if (element.clientWidth > 0) plot.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resize.observe(element);
    const forget = onThemeChange(() => draw.current());
    return () => {
      cancelAnimationFrame(frame);
      resize.disconnect();
      forget();
      plot.destroy();
    };
  }, [measure]);
  useSignalEffect(() => {
    void curvesVersion.value;
    draw.current();
  });
  return <div ref={host} class="chart" aria-hidden="true" />;
}
