/** The two curves, drawn by uPlot, which is made for data that streams. */
import uPlot from "uplot";
import type { Point } from "./protocol.ts";

const HEIGHT = 220;

/** A colour of the page, as its style sheet has it at the moment: light or dark. */
function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

interface Curve {
  readonly title: string;
  readonly range: (greatest: number) => [number, number];
  readonly format: (value: number) => string;
}

function makePlot(host: HTMLElement, { title, range, format }: Curve): uPlot {
  const axis = (): uPlot.Axis => ({
    stroke: () => colour("--muted"),
    grid: { stroke: () => colour("--grid"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  });
  const plot = new uPlot(
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
        {
          label: `${title}, training`,
          stroke: () => colour("--train"),
          width: 2,
          spanGaps: true,
          points: { show: false },
        },
        {
          label: `${title}, held out`,
          stroke: () => colour("--held-out"),
          width: 2,
          dash: [6, 4],
          spanGaps: true,
          points: { show: true, size: 8, fill: () => colour("--held-out") },
        },
      ],
    },
    [[], [], []],
    host,
  );
  new ResizeObserver(() => {
    if (host.clientWidth > 0) plot.setSize({ width: host.clientWidth, height: HEIGHT });
  }).observe(host);
  return plot;
}

/** Loss and accuracy over the steps. */
export class Charts {
  readonly #loss: uPlot;
  readonly #accuracy: uPlot;
  readonly #training: Point[] = [];
  readonly #heldOut: Point[] = [];
  #frame = 0;

  constructor(lossHost: HTMLElement, accuracyHost: HTMLElement) {
    this.#loss = makePlot(lossHost, {
      title: "Loss",
      range: (greatest) => [0, Math.max(0.8, greatest * 1.05)],
      format: (value) => value.toFixed(1),
    });
    this.#accuracy = makePlot(accuracyHost, {
      title: "Accuracy",
      range: () => [0.4, 1],
      format: (value) => `${Math.round(100 * value)}%`,
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
    this.#draw();
  }

  /** Empties both. */
  clear(): void {
    this.#training.length = 0;
    this.#heldOut.length = 0;
    this.#draw();
  }

  add({ point, heldOut }: { readonly point?: Point; readonly heldOut?: Point }): void {
    if (point !== undefined) this.#training.push(point);
    if (heldOut !== undefined) this.#heldOut.push(heldOut);
    if (point !== undefined || heldOut !== undefined) this.#draw();
  }

  /** Once per frame, however many points came. */
  #draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      const steps = [...new Set([...this.#training, ...this.#heldOut].map(({ step }) => step))].sort((a, b) => a - b);
      for (const [plot, key] of [
        [this.#loss, "loss"],
        [this.#accuracy, "accuracy"],
      ] as const) {
        const column = (points: readonly Point[]): (number | null)[] => {
          const byStep = new Map(points.map((point) => [point.step, point[key]]));
          return steps.map((step) => byStep.get(step) ?? null);
        };
        plot.setData([steps, column(this.#training), column(this.#heldOut)]);
      }
    });
  }
}
