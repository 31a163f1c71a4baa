/** Charts of the notebook, as SVG: lines over steps, and rows of squares. */

/** What Deno's notebooks show as a picture: https://docs.deno.com/runtime/reference/cli/jupyter/ */
export interface Picture {
  readonly [display: symbol]: () => { readonly "image/svg+xml": string };
}

const WIDTH = 640;
/** Okabe and Ito's colours, which colour-blind people can distinguish: https://jfly.uni-koeln.de/color/ */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/**
 * Lines over steps 1, 2, 3 …, all on one axis.
 * @param lines the values by the line's name
 * @param step what a step is
 */
export function lineChart(title: string, lines: Readonly<Record<string, ArrayLike<number>>>, step = "step"): Picture {
  const [left, right, top, bottom] = [56, WIDTH - 12, 56, 240];
  const series = Object.entries(lines).map(([name, values]) => ({ name, values: Array.from(values) }));
  const all = series.flatMap(({ values }) => values);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const steps = Math.max(...series.map(({ values }) => values.length));
  const x = (index: number) => left + (index / Math.max(1, steps - 1)) * (right - left);
  const y = (value: number) => bottom - ((value - least) / (most - least || 1)) * (bottom - top);
  const ticks = [0, 1, 2, 3, 4].map((part) => least + (part / 4) * (most - least));
  const grid = ticks.map(
    (value) =>
      `<path d="M${left} ${y(value).toFixed(1)}H${right}" stroke="#dfe3e8"/>` +
      text(left - 6, y(value) + 4, value.toPrecision(3), 'text-anchor="end"'),
  );
  const paths = series.map(({ values }, line) => {
    const points = values.map((value, index) => `${x(index).toFixed(1)} ${y(value).toFixed(1)}`);
    return `<path d="M${points.join("L")}" fill="none" stroke="${COLOURS[line % 4]}" stroke-width="2"/>`;
  });
  const legend = series.map(({ name }, line) =>
    text(left + line * 150, 42, name, `fill="${COLOURS[line % 4]}" font-weight="600"`),
  );
  const ends = [
    text(left, bottom + 18, `${step} 1`),
    text(right, bottom + 18, `${step} ${steps}`, 'text-anchor="end"'),
  ];
  return svg(title, 264, [...grid, ...paths, ...legend, ...ends]);
}

/**
 * A row of squares for each name, a column for each word; the fuller a square, the larger its value.
 * @param rows values by the row's name, one for each word
 * @param range the values of the faintest and the fullest square
 */
export function heatmap(
  title: string,
  words: readonly string[],
  rows: Readonly<Record<string, ArrayLike<number>>>,
  range: readonly [number, number] = [0, 1],
): Picture {
  const [least, most] = range;
  const [left, top, line] = [96, 108, 26];
  const width = Math.min(48, (WIDTH - left - 8) / words.length);
  const names = Object.keys(rows);
  const heads = words.map((word, column) => {
    const [x, y] = [left + (column + 0.5) * width, top - 8];
    return text(x, y, word, `transform="rotate(-60 ${x.toFixed(1)} ${y})"`);
  });
  const squares = Object.entries(rows).flatMap(([name, values], row) => [
    text(left - 8, top + row * line + 17, name, 'text-anchor="end"'),
    ...Array.from(values, (value, column) => {
      const share = Math.min(1, Math.max(0, (value - least) / (most - least)));
      return (
        `<rect x="${(left + column * width).toFixed(1)}" y="${top + row * line}" width="${(width - 1).toFixed(1)}" ` +
        `height="${line - 1}" fill="#0072b2" fill-opacity="${(0.05 + 0.95 * share).toFixed(2)}">` +
        `<title>${escapeXml(`${name}, ${words[column]}: ${value.toFixed(2)}`)}</title></rect>`
      );
    }),
  ]);
  return svg(title, top + names.length * line + 12, [...heads, ...squares]);
}

function svg(title: string, height: number, parts: readonly string[]): Picture {
  const picture =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12" fill="#1f2430" role="img" aria-label="${escapeXml(title)}">` +
    `<rect width="100%" height="100%" fill="#fff"/>${text(12, 20, title, 'font-size="14" font-weight="600"')}` +
    `${parts.join("")}</svg>`;
  return { [Symbol.for("Jupyter.display")]: () => ({ "image/svg+xml": picture }) };
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
