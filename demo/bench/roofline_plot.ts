/** The roofline: what the adapter can do at an intensity, and what the cases reach, on logarithmic axes. */
import { type BenchResult, type Roofline, ratesOf } from "sluice/bench";
import uPlot from "uplot";

const HEIGHT = 320;
const LEAST_INTENSITY = 0.1;
const MOST_INTENSITY = 1000;
/** Points at which the roof is drawn, besides those of the cases. */
const ROOF_POINTS = 40;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A place on the x axis: a case's, or one that only the roof is drawn at. */
interface Mark {
  readonly x: number;
  readonly y: number | null;
  readonly isOurs: boolean;
}

/** Draws the roof and the points below it. */
export class RooflinePlot {
  readonly #plot: uPlot;
  #roof: Roofline | undefined;
  #results: BenchResult[] = [];

  constructor(host: HTMLElement) {
    const axis = (): uPlot.Axis => ({
      stroke: () => colour("--muted"),
      grid: { stroke: () => colour("--grid"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif",
      values: (_plot, splits) =>
        splits.map((value) => (isPowerOfTen(value) ? String(Number(value.toPrecision(1))) : "")),
    });
    const dots = (name: string): uPlot.Series => ({
      stroke: () => colour(name),
      paths: () => null,
      points: { show: true, size: 9, fill: () => colour(name) },
    });
    this.#plot = new uPlot(
      {
        width: Math.max(200, host.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, distr: 3, range: [LEAST_INTENSITY, MOST_INTENSITY] },
          y: { distr: 3, range: (_plot, _least, most) => [yFloor(most), Math.max(1, most) * 2] },
        },
        axes: [
          { ...axis(), size: 32 },
          { ...axis(), size: 52 },
        ],
        series: [
          {},
          { stroke: () => colour("--roof"), width: 2, points: { show: false } },
          dots("--held-out"),
          dots("--train"),
        ],
      },
      [[], [], [], []],
      host,
    );
    new ResizeObserver(() => {
      if (host.clientWidth > 0) this.#plot.setSize({ width: host.clientWidth, height: HEIGHT });
    }).observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  clear(): void {
    this.#roof = undefined;
    this.#results = [];
    this.#draw();
  }

  setRoof(roof: Roofline): void {
    this.#roof = roof;
    this.#draw();
  }

  add(result: BenchResult): void {
    this.#results.push(result);
    this.#draw();
  }

  #draw(): void {
    const roof = this.#roof;
    if (roof === undefined) {
      this.#plot.setData([[], [], [], []]);
      return;
    }
    const points = this.#results.flatMap((result): Mark[] => {
      const { flops, bytes } = result.work;
      if (flops === 0 || bytes === 0) return [];
      const x = Math.min(MOST_INTENSITY, Math.max(LEAST_INTENSITY, flops / bytes));
      return [{ x, y: ratesOf(result).gflops, isOurs: result.isDefault }];
    });
    const grid = Array.from({ length: ROOF_POINTS + 1 }, (_, index): Mark => {
      return {
        x: LEAST_INTENSITY * (MOST_INTENSITY / LEAST_INTENSITY) ** (index / ROOF_POINTS),
        y: null,
        isOurs: false,
      };
    });
    // Points of the same intensity stand in rows of their own: uPlot has one y for each x.
    const rows = [...grid, ...points].sort((a, b) => a.x - b.x);
    const of = (isOurs: boolean) => rows.map((row) => (row.isOurs === isOurs ? row.y : null));
    this.#plot.setData([
      rows.map(({ x }) => x),
      rows.map(({ x }) => Math.min(roof.flops, x * roof.bytes) / 1e9),
      of(false),
      of(true),
    ]);
  }
}

/** Three powers of ten below the highest point. */
function yFloor(most: number): number {
  return 10 ** Math.floor(Math.log10(Math.max(1, most)) - 3);
}

function isPowerOfTen(value: number): boolean {
  return Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
}
