/** Draws a confusion matrix as SVG. */
import { readOptions, text, withDefault } from "../../core/option_table.ts";
import { element, label } from "../../core/svg_elements.ts";
import { BLUE, figure } from "./figure.ts";

/** Options of a confusion matrix's `toSvg`. */
export interface MatrixOptions {
  /** The picture's title and accessible name. Default: "Confusion matrix". */
  readonly title?: string | undefined;
}

const MATRIX = { title: withDefault(text, "Confusion matrix") };

const CELL = { width: 84, height: 56 } as const;
/** The height above the cells, for the title, the axis label and the predicted classes. */
const TOP = 92;
const MARGIN = 16;
const CHARACTER = 7;
/** The opacity of a cell that holds its whole row: low enough to keep the text readable. */
const STRONGEST = 0.55;

/** Draws an SVG document with a row for each true class and a column for each predicted class. */
export function matrixSvg(
  labels: readonly string[],
  counts: readonly (readonly number[])[],
  options: MatrixOptions,
): string {
  const { title } = readOptions("confusionMatrix.toSvg", MATRIX, options);
  const longest = Math.max(...labels.map(({ length }) => length));
  const left = MARGIN + 28 + longest * CHARACTER;
  const cellWidth = Math.max(CELL.width, longest * CHARACTER + 12);
  const width = Math.max(left + labels.length * cellWidth + MARGIN, 2 * MARGIN + title.length * 9);
  const height = TOP + labels.length * CELL.height + MARGIN;
  const middle = { x: left + (labels.length * cellWidth) / 2, y: TOP + (labels.length * CELL.height) / 2 };
  const axis = { "text-anchor": "middle", "font-weight": 600 } as const;
  return figure(width, height, { title, description: description(labels, counts) }, [
    label(title, { x: MARGIN, y: 26, "font-size": 16, "font-weight": 600 }),
    label("predicted", { ...axis, x: middle.x, y: TOP - 34 }),
    label("true", { ...axis, x: MARGIN + 4, y: middle.y, transform: `rotate(-90 ${MARGIN + 4} ${middle.y})` }),
    ...labels.map((name, column) =>
      label(name, { x: left + (column + 0.5) * cellWidth, y: TOP - 12, "text-anchor": "middle" }),
    ),
    ...counts.flatMap((row, line) => {
      const y = TOP + line * CELL.height;
      const all = row.reduce((sum, count) => sum + count, 0);
      return [
        label(labels[line] ?? "", { x: left - 10, y: y + CELL.height / 2 + 4, "text-anchor": "end" }),
        ...row.flatMap((count, column) => {
          const share = all === 0 ? 0 : count / all;
          const x = left + column * cellWidth;
          const box = { x, y, width: cellWidth, height: CELL.height };
          const text = { x: x + cellWidth / 2, "text-anchor": "middle" } as const;
          return [
            element("rect", { ...box, fill: BLUE, "fill-opacity": (STRONGEST * share).toFixed(3) }),
            element("rect", { ...box, fill: "none", stroke: "currentColor", "stroke-opacity": 0.3 }),
            label(count.toLocaleString("en-US"), { ...text, y: y + 26, "font-size": 15, "font-weight": 600 }),
            label(all === 0 ? "–" : `${(100 * share).toFixed(1)}%`, { ...text, y: y + 44, "font-size": 11 }),
          ];
        }),
      ];
    }),
  ]);
}

/** `Of 12 examples of negative, 10 were predicted as negative, 2 as positive.` */
function description(labels: readonly string[], counts: readonly (readonly number[])[]): string {
  return counts
    .map((row, line) => {
      const parts = row.flatMap((count, column) => (count > 0 ? [`${count} as ${labels[column]}`] : []));
      const all = row.reduce((sum, count) => sum + count, 0);
      return all === 0
        ? `There are no examples of ${labels[line]}.`
        : `Of ${all} examples of ${labels[line]} were predicted: ${parts.join(", ")}.`;
    })
    .join(" ");
}
