/** Charts of the series, of the loss during training, and of the held-out rows with their forecasts. */
import { useSignalEffect } from "@preact/signals";
import { axis, line, useChart, WHOLE } from "../../ui/chart.ts";
import { losses, progress, result, series } from "./store.ts";

/** The number of the first held-out row in the chart of the series. */
const firstHeldOut = (): number => (result.value?.trained ?? 0) + 1;

/** The chart of the series: the training part, and the held-out part. */
export function SeriesChart() {
  const { host, draw } = useChart(
    {
      scales: { x: { time: false } },
      axes: [
        {
          ...axis(32),
          incrs: WHOLE,
          values: (_plot, splits) => splits.map((row) => dateAt(row) ?? String(row + 1)),
          space: 110,
        },
        axis(62),
      ],
      series: [{}, line("to learn from", "--text", [], 1.5), line("kept for the test", "--held-out", [], 1.5)],
    },
    220,
    () => {
      const { curve, start = 0 } = series.value ?? {};
      if (curve === undefined) return [[], [], []];
      const part = (isHeld: boolean) =>
        Array.from(curve.values, (value, at) => ((curve.at[at] as number) >= start === isHeld ? value : null));
      return [curve.at, part(false), part(true)];
    },
  );
  useSignalEffect(() => {
    void series.value;
    draw.current();
  });
  return <div ref={host} class="chart" aria-hidden="true" />;
}

/** The date of a row, or of the next row that is drawn. */
function dateAt(row: number): string | undefined {
  const { at, dates } = series.value?.curve ?? {};
  const place = at?.findIndex((each) => each >= row) ?? -1;
  return dates?.[place];
}

export function LossChart() {
  const { host, draw } = useChart(
    {
      scales: {
        x: {
          time: false,
          range: (_plot, _least, greatest) => [0, Math.max(1, greatest ?? 1, progress.value?.steps ?? 1)],
        },
        y: { distr: 3 },
      },
      axes: [
        { ...axis(32), incrs: WHOLE },
        { ...axis(62), values: (_plot, splits) => splits.map((value) => value?.toPrecision(1) ?? "") },
      ],
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
          incrs: WHOLE,
          values: (_plot, splits) =>
            splits.map((at) => result.value?.dates?.[Math.round(at)] ?? String(Math.round(at) + firstHeldOut())),
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
