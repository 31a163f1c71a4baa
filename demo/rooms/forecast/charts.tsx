/** The loss as it falls, and the held-out rows with what was said of them. */
import { useSignalEffect } from "@preact/signals";
import { axis, line, useChart } from "../../ui/chart.ts";
import { losses, progress, result } from "./store.ts";

export function LossChart() {
  const { host, draw } = useChart(
    {
      scales: { x: { time: false }, y: { distr: 3 } },
      axes: [axis(32), { ...axis(62), values: (_plot, splits) => splits.map((value) => value?.toPrecision(1) ?? "") }],
      series: [{}, line("loss", "--train")],
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
        line("network", "--train"),
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
