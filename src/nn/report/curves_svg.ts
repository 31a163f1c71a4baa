/** Draws loss and metrics over the epochs of a training run. */
import { readOptions, text, withDefault } from "../../core/option_table.ts";
import { element, label, round } from "../../core/svg_elements.ts";
import type { Logs } from "../metrics/logs.ts";
import { BLUE, figure, shortNumber, ticksBetween, VERMILION } from "./figure.ts";

/** Options of `history.toSvg`. */
export interface CurvesOptions {
  /** The picture's title and accessible name. Default: "Training run". */
  readonly title?: string | undefined;
}

const CURVES = { title: withDefault(text, "Training run") };

/** An epoch and its results. */
interface Epoch {
  /** Counted from 1. */
  readonly epoch: number;
  readonly logs: Logs;
}

interface Point {
  readonly epoch: number;
  readonly value: number;
}

/** One result: its training curve and, if validated, its validation curve. */
interface Panel {
  readonly name: string;
  readonly curves: readonly Curve[];
}

interface Curve {
  readonly name: "training" | "validation";
  readonly points: readonly Point[];
}

const LOOKS = {
  training: { color: BLUE, dash: undefined },
  validation: { color: VERMILION, dash: "6 3" },
} as const;

const PANEL = { width: 440, height: 260, left: 58, right: 16, top: 44, bottom: 44 } as const;
const HEADING = 40;
/** The maximum number of epochs with marks: more would hide the curve. */
const MOST_MARKS = 60;

/** Draws an SVG document with a panel for each result, with a training and a validation curve. */
export function curvesSvg(epochs: readonly Epoch[], options: CurvesOptions = {}): string {
  const { title } = readOptions("history.toSvg", CURVES, options);
  const panels = panelsOf(epochs);
  const columns = Math.min(2, Math.max(1, panels.length));
  const rows = Math.ceil(panels.length / columns);
  const description = [`${epochs.length} epochs.`, ...panels.map(panelText)].join(" ");
  return figure(columns * PANEL.width, HEADING + rows * PANEL.height, { title, description }, [
    label(title, { x: 16, y: 26, "font-size": 16, "font-weight": 600 }),
    ...panels.map((panel, index) => {
      const [x, y] = [(index % columns) * PANEL.width, HEADING + Math.floor(index / columns) * PANEL.height];
      return element("g", { transform: `translate(${x} ${y})` }, drawPanel(panel));
    }),
  ]);
}

function panelsOf(epochs: readonly Epoch[]): readonly Panel[] {
  const names = [...new Set(epochs.flatMap(({ logs }) => Object.keys(logs)))];
  const validated = (name: string) => `val${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const partners = new Set(names.map(validated));
  const pointsOf = (name: string) =>
    epochs.flatMap(({ epoch, logs: { [name]: value } }) => (value === undefined ? [] : [{ epoch, value }]));
  return names
    .filter((name) => !partners.has(name))
    .map((name) => {
      const curves: readonly Curve[] = [
        { name: "training", points: pointsOf(name) },
        { name: "validation", points: pointsOf(validated(name)) },
      ];
      return { name, curves: curves.filter(({ points }) => points.length > 0) };
    });
}

/** `loss: training from 0.6931 to 0.2531, validation from 0.6702 to 0.3120.` */
function panelText({ name, curves }: Panel): string {
  const texts = curves.map(({ name: kind, points }) => {
    const [first, last] = [points[0], points.at(-1)].map((point) => shortNumber(point?.value ?? Number.NaN));
    return points.length === 1 ? `${kind} ${first}` : `${kind} from ${first} to ${last}`;
  });
  return `${name}: ${texts.join(", ")}.`;
}

function drawPanel({ name, curves }: Panel): string[] {
  const { width, height, left, right, top, bottom } = PANEL;
  const points = curves.flatMap((curve) => curve.points);
  const epochs = extent(
    points.map(({ epoch }) => epoch),
    0.5,
  );
  const values = padded(points.map(({ value }) => value).filter(Number.isFinite));
  const x = scale(epochs, [left, width - right]);
  const y = scale(values, [height - bottom, top]);
  const axis = { stroke: "currentColor", "stroke-opacity": 0.6 };
  const grid = { stroke: "currentColor", "stroke-opacity": 0.14 };
  return [
    label(name, { x: left, y: top - 16, "font-size": 13, "font-weight": 600 }),
    ...legend(curves),
    ...ticksBetween(...values, 4).flatMap((value) => [
      element("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), ...grid }),
      label(shortNumber(value), { x: left - 8, y: y(value) + 4, "text-anchor": "end" }),
    ]),
    element("line", { x1: left, x2: width - right, y1: height - bottom, y2: height - bottom, ...axis }),
    ...ticksBetween(...epochs, 8)
      .filter(Number.isInteger)
      .flatMap((epoch) => [
        element("line", { x1: x(epoch), x2: x(epoch), y1: height - bottom, y2: height - bottom + 4, ...axis }),
        label(String(epoch), { x: x(epoch), y: height - bottom + 18, "text-anchor": "middle" }),
      ]),
    label("epoch", { x: (left + width - right) / 2, y: height - bottom + 36, "text-anchor": "middle" }),
    ...curves.flatMap((curve) => drawCurve(curve, x, y)),
  ];
}

function drawCurve({ name, points }: Curve, x: (epoch: number) => number, y: (value: number) => number): string[] {
  const { color, dash } = LOOKS[name];
  // Non-finite values leave a gap.
  const d = points.map(({ epoch, value }, index) => {
    const before = points[index - 1];
    const isJoined = before !== undefined && Number.isFinite(before.value);
    return Number.isFinite(value) ? `${isJoined ? "L" : "M"}${round(x(epoch))} ${round(y(value))}` : "";
  });
  const marks =
    points.length > MOST_MARKS
      ? []
      : points
          .filter(({ value }) => Number.isFinite(value))
          .map(({ epoch, value }) =>
            element("circle", { cx: x(epoch), cy: y(value), r: 2.5, fill: color }, [
              element("title", {}, [`${name}, epoch ${epoch}: ${shortNumber(value)}`]),
            ]),
          );
  return [element("path", { d: d.join(""), fill: "none", ...strokeOf(color, dash) }), ...marks];
}

function legend(curves: readonly Curve[]): string[] {
  const y = PANEL.top - 20;
  const widths = curves.map(({ name }) => 46 + name.length * 6.2);
  let x = PANEL.width - PANEL.right - widths.reduce((sum, width) => sum + width, 0);
  return curves.flatMap(({ name }, index) => {
    const { color, dash } = LOOKS[name];
    const from = x;
    x += widths[index] ?? 0;
    return [
      element("line", { x1: from, x2: from + 24, y1: y, y2: y, ...strokeOf(color, dash) }),
      label(name, { x: from + 30, y: y + 4 }),
    ];
  });
}

function strokeOf(color: string, dash: string | undefined) {
  return { stroke: color, "stroke-width": 2, "stroke-linejoin": "round", "stroke-dasharray": dash };
}

type Range = readonly [least: number, most: number];

/** The range of the numbers, widened to at least `margin`; 0 to 1 if there are none. */
function extent(numbers: readonly number[], margin: number): Range {
  if (numbers.length === 0) return [0, 1];
  const least = numbers.reduce((a, b) => Math.min(a, b));
  const most = numbers.reduce((a, b) => Math.max(a, b));
  return least === most ? [least - margin, most + margin] : [least, most];
}

/** Adds padding above and below the curve. */
function padded(numbers: readonly number[]): Range {
  const [least, most] = extent(numbers, Math.abs(numbers[0] ?? 0) * 0.05 || 0.5);
  const room = (most - least) * 0.06;
  return [least - room, most + room];
}

function scale([least, most]: Range, [from, to]: Range): (value: number) => number {
  return (value) => from + ((value - least) / (most - least)) * (to - from);
}
