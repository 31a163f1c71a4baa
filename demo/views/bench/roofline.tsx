/** The roofline on logarithmic axes: the adapter's limit at each intensity, and the cases' results. */
import { useSignalEffect } from "@preact/signals";
import { ratesOf } from "sluice/bench";
import type uPlot from "uplot";
import { type ChartOptions, line, logAxis, useChart } from "../../ui/chart.ts";
import { colour } from "../../ui/theme.ts";
import { results, roof } from "./store.ts";

const HEIGHT = 320;
/** The range of the x axis: operations per byte. */
const [LEAST, MOST] = [0.1, 1000];
/** The number of points of the roof, besides those at the cases. */
const ROOF_POINTS = 40;

/** A position on the x axis: of a case, or only of the roof. */
interface Mark {
  readonly x: number;
  readonly y: number | null;
  readonly isOurs: boolean;
}

const logarithmic = (size: number): uPlot.Axis => logAxis(size, (value) => String(Number(value.toPrecision(1))));

const dots = (name: string): uPlot.Series => ({
  stroke: () => colour(name),
  paths: () => null,
  points: { show: true, size: 9, fill: () => colour(name) },
});

const OPTIONS: ChartOptions = {
  legend: { show: false },
  cursor: { show: false },
  scales: {
    x: { time: false, distr: 3, range: [LEAST, MOST] },
    y: { distr: 3, range: (_plot, _least, most) => [yFloor(most), Math.max(1, most) * 2] },
  },
  axes: [logarithmic(32), logarithmic(52)],
  series: [{}, line("roof", "--roof"), dots("--held-out"), dots("--train")],
};

/** Points with the same intensity go into separate series, because uPlot has one y for each x. */
function columns(): uPlot.AlignedData {
  const { value: limit } = roof;
  if (limit === undefined) return [[], [], [], []];
  const points = results.value.flatMap((result): Mark[] => {
    const { flops, bytes } = result.work;
    if (flops === 0 || bytes === 0) return [];
    const x = Math.min(MOST, Math.max(LEAST, flops / bytes));
    return [{ x, y: ratesOf(result).gflops, isOurs: result.isDefault }];
  });
  const grid = Array.from({ length: ROOF_POINTS + 1 }, (_, index): Mark => {
    return { x: LEAST * (MOST / LEAST) ** (index / ROOF_POINTS), y: null, isOurs: false };
  });
  const rows = [...grid, ...points].sort((a, b) => a.x - b.x);
  const of = (isOurs: boolean) => rows.map((row) => (row.isOurs === isOurs ? row.y : null));
  return [
    rows.map(({ x }) => x),
    rows.map(({ x }) => Math.min(limit.flops, x * limit.bytes) / 1e9),
    of(false),
    of(true),
  ];
}

/** The lower end of the y axis: three powers of ten below the highest point. */
function yFloor(most: number): number {
  return 10 ** Math.floor(Math.log10(Math.max(1, most)) - 3);
}

function Chart() {
  const { host, draw } = useChart(OPTIONS, HEIGHT, columns);
  useSignalEffect(() => {
    void roof.value;
    void results.value;
    draw.current();
  });
  return <div ref={host} class="chart roofline" aria-hidden="true" />;
}

/** The chart, once the roof has been measured. */
export function UnderTheRoof() {
  if (roof.value === undefined) return null;
  return (
    <section class="panel" aria-labelledby="roof-title">
      <h3 id="roof-title">Under the roof</h3>
      <Chart />
      <p class="key">
        <span class="roof">what this adapter can do, measured</span>
        <span class="ours">what Sluice chooses</span>
        <span class="others">other variants and libraries</span>
      </p>
      <p class="muted">
        Across: operations for each byte that must be moved. Up: billions of operations per second. Both logarithmic.
        Copies and gathers have no operations and are in the table only.
      </p>
    </section>
  );
}
