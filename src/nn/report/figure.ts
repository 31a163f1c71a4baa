/** Shared by all figures: an SVG document for light and dark pages, colors, and axis ticks. */
import { element, escapeXml } from "../../core/svg_elements.ts";

/** Okabe and Ito's blue and vermilion, which colour-blind people can distinguish: https://jfly.uni-koeln.de/color/ */
export const BLUE = "#0072b2";
export const VERMILION = "#d55e00";

/** The title and description of a figure, for accessibility. */
export interface FigureText {
  readonly title: string;
  readonly description: string;
}

/** Inside a page, text has the page's color. As a standalone document, the figure follows the user's color scheme. */
const STYLE =
  "svg:root{color:#1f2430;background:#fff}" +
  "@media (prefers-color-scheme:dark){svg:root{color:#e6e8ec;background:#14171f}}";

/** Creates an SVG document. Use `currentColor` for elements that must fit light and dark pages. */
export function figure(
  width: number,
  height: number,
  { title, description }: FigureText,
  children: readonly string[],
): string {
  return `${element(
    "svg",
    {
      ...{ xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" },
      "font-family": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif",
      ...{ "font-size": 12, fill: "currentColor" },
    },
    [
      element("title", {}, [escapeXml(title)]),
      element("desc", {}, [escapeXml(description)]),
      element("style", {}, [STYLE]),
      ...children,
    ],
  )}\n`;
}

/** Formats a value with four significant digits. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e6 || size < 1e-4) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

/** About `count` round values from `least` to `most`. @param least below `most` */
export function ticksBetween(least: number, most: number, count: number): readonly number[] {
  const rough = (most - least) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(least / step);
  const last = Math.floor(most / step);
  // Rounded, because 0.1 · 3 is 0.30000000000000004.
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}
