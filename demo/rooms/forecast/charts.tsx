/** The loss as it falls, and the held-out rows with what was said of them. */
import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, onThemeChange } from "../../ui/theme.ts";
import { losses, progress, result } from "./store.ts";

const axis = (size: number): uPlot.Axis => ({
  stroke: () => colour("--muted"),
  grid: { stroke: () => colour("--grid"), width: 1 },
  ticks: { show: false },
  font: "12px system-ui, sans-serif",
  size,
});

function line(label: string, paint: string, dash: number[], width = 2): uPlot.Series {
  return { label, stroke: () => colour(paint), width, dash, points: { show: false } };
}

/** A chart that fills its host, drawn once per frame. */
function useChart(options: Partial<uPlot.Options>, height: number, data: () => uPlot.AlignedData) {
  const host = useRef<HTMLDivElement>(null);
  const draw = useRef<() => void>(() => undefined);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const size = () => ({ width: Math.max(200, element.clientWidth), height });
    const plot = new uPlot(
      { legend: { show: false }, cursor: { drag: { x: false, y: false } }, ...options, ...size() } as uPlot.Options,
      data(),
      element,
    );
    let frame = 0;
    draw.current = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => plot.setData(data()));
    };
    const resize = new ResizeObserver(() => plot.setSize(size()));
    resize.observe(element);
    const forget = onThemeChange(draw.current);
    return () => {
      cancelAnimationFrame(frame);
      resize.disconnect();
      forget();
      plot.destroy();
    };
  }, []);
  return { host, draw };
}

export function LossChart() {
  const { host, draw } = useChart(
    {
      scales: { x: { time: false }, y: { distr: 3 } },
      axes: [axis(32), { ...axis(62), values: (_plot, splits) => splits.map((value) => value?.toPrecision(1) ?? "") }],
      series: [{}, line("loss", "--train", [])],
    },
    200,
    () => [losses.map(([step]) => step), losses.map(([, loss]) => Math.max(1e-9, loss))],
  );
  useSignalEffect(() => {
    void progress.value;
    draw.current();
  });
  return <div ref={host} class="chart loss" aria-hidden="true" />;
}

export function HeldOutChart() {
  const { host, draw } = useChart(
    {
      scales: { x: { time: false } },
      axes: [
        {
          ...axis(32),
          values: (_plot, splits) =>
            splits.map((at) => result.value?.dates?.[Math.round(at)] ?? String(Math.round(at))),
          space: 110,
        },
        axis(62),
      ],
      series: [
        {},
        line("actual", "--text", [], 1.5),
        line("network", "--train", []),
        line("as before", "--held-out", [4, 4], 1.5),
      ],
    },
    300,
    () => {
      const { actual = [], network = [], naive = [] } = result.value?.forecasts ?? {};
      return [actual.map((_, at) => at), [...actual], [...network], [...naive]];
    },
  );
  useSignalEffect(() => {
    void result.value;
    draw.current();
  });
  return <div ref={host} class="chart held-out-rows" aria-hidden="true" />;
}
