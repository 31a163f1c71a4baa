import { BYTES_PER_ELEMENT } from "../core/dtype.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Layer } from "./layers/index.ts";

/** Widths of the columns between the bars, as Keras prints a Sequential model to a plain terminal. */
const WIDTHS = [33, 24, 15] as const;

/** The table that Keras prints (https://keras.io/api/models/model/#summary-method). */
export function summarize(name: string, layers: readonly Layer[], shapes: readonly Shape[]): string {
  const total = (trainableOnly: boolean) =>
    layers
      .flatMap((layer) => layer.weights)
      .filter((weight) => !trainableOnly || weight.trainable)
      .reduce((sum, weight) => sum + sizeOf(weight.shape), 0);
  const rule = (left: string, line: string, cross: string, right: string) =>
    left + WIDTHS.map((width) => line.repeat(width)).join(cross) + right;
  const row = (bar: string, cells: readonly [string, string, string]) => {
    const [layer, shape, count] = cells.map((cell, index) => cut(cell, (WIDTHS[index] as number) - 2)) as [
      string,
      string,
      string,
    ];
    const texts = [layer.padEnd(WIDTHS[0] - 2), shape.padEnd(WIDTHS[1] - 2), count.padStart(WIDTHS[2] - 2)];
    return `${bar} ${texts.join(` ${bar} `)} ${bar}`;
  };
  const rows = layers.map((layer, index) => {
    const parameters = layer.weights.reduce((sum, weight) => sum + sizeOf(weight.shape), 0);
    const shape = `(${["None", ...(shapes[index] as Shape)].join(", ")})`;
    return row("│", [`${layer.name} (${layer.className})`, shape, grouped(parameters)]);
  });
  const [all, trainable] = [total(false), total(true)];
  return [
    `Model: "${name}"`,
    rule("┏", "━", "┳", "┓"),
    row("┃", ["Layer (type)", "Output Shape", "Param #"]),
    rule("┡", "━", "╇", "┩"),
    rows.join(`\n${rule("├", "─", "┼", "┤")}\n`),
    rule("└", "─", "┴", "┘"),
    ` Total params: ${counted(all)}`,
    ` Trainable params: ${counted(trainable)}`,
    ` Non-trainable params: ${counted(all - trainable)}`,
  ].join("\n");
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

const grouped = (count: number): string => count.toLocaleString("en-US");

function counted(parameters: number): string {
  let size = parameters * BYTES_PER_ELEMENT;
  const units = ["B", "KB", "MB", "GB"];
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${grouped(parameters)} (${size.toFixed(2)} ${units[unit]})`;
}
