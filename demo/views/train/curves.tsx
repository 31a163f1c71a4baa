/** The curves of loss and accuracy. */
import { useSignalEffect } from "@preact/signals";
import type uPlot from "uplot";
import type { Point } from "../../messages/training.ts";
import { axis, type ChartOptions, line, useChart, WHOLE } from "../../ui/chart.ts";
import { colour } from "../../ui/theme.ts";
import { curves, curvesVersion, figures, kept, point } from "./store.ts";

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

function optionsOf({ range, format }: Scale): ChartOptions {
  return {
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      // The x axis shows all steps from the start, because a growing axis would move the curves.
      x: { time: false, range: (_plot, _least, greatest) => [0, Math.max(1, greatest ?? 1, stepsInAll())] },
      y: { range: (_plot, _least, greatest) => range(greatest ?? 0) },
    },
    axes: [
      { ...axis(32), incrs: WHOLE },
      { ...axis(48), values: (_plot, splits) => splits.map(format) },
    ],
    series: [
      {},
      { ...line("training", "--train"), spanGaps: true },
      {
        ...{ ...line("held out", "--held-out", [6, 4]), spanGaps: true },
        points: { show: true, size: 8, fill: () => colour("--held-out") },
      },
    ],
  };
}

/** The total steps of the shown training run; 0 if unknown. */
const stepsInAll = (): number => (figures.value ?? kept.value?.run)?.steps ?? 0;

/** The points of both curves, on a common x axis. */
function columns(measure: Measure): uPlot.AlignedData {
  const { training, heldOut } = curves;
  const steps = [...new Set([...training, ...heldOut].map(({ step }) => step))].sort((a, b) => a - b);
  const column = (points: readonly Point[]): (number | null)[] => {
    const byStep = new Map(points.map((point) => [point.step, point[measure]]));
    return steps.map((step) => byStep.get(step) ?? null);
  };
  return [steps, column(training), column(heldOut)];
}

/** One curve. */
export function Curve({ measure }: { readonly measure: Measure }) {
  const { host, draw } = useChart(optionsOf(SCALES[measure]), HEIGHT, () => columns(measure));
  useSignalEffect(() => {
    void curvesVersion.value;
    draw.current();
  });
  return (
    <div class="curve">
      <div ref={host} class="chart" aria-hidden="true" />
      {point.value === undefined ? <p class="muted">It is drawn here as the network learns.</p> : null}
    </div>
  );
}
