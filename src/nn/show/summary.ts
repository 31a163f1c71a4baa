/** The table that Keras prints (https://keras.io/api/models/model/#summary-method). */

import { BYTES_PER_ELEMENT } from "../../core/dtype.ts";
import { flag, readOptions, type TableOf, withDefault } from "../../core/option_table.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import type { Variable } from "../../graph/operation.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import type { Layer } from "../layers/index.ts";
import { type SummaryRow, summaryRows } from "./summary_rows.ts";
import { type Column, drawTable } from "./text_table.ts";

/** Widths of the columns between the bars, as Keras prints to a plain terminal of 80 columns. */
const ROW_OF_LAYERS: readonly Column[] = [
  { title: "Layer (type)", width: 33, align: "left" },
  { title: "Output Shape", width: 24, align: "left" },
  { title: "Param #", width: 15, align: "right" },
];
const GRAPH_OF_LAYERS: readonly Column[] = [
  { title: "Layer (type)", width: 21, align: "left" },
  { title: "Output Shape", width: 19, align: "left" },
  { title: "Param #", width: 12, align: "right" },
  { title: "Connected to", width: 19, align: "left" },
];

/** Options of `summary`. */
export interface SummaryOptions {
  /** Whether to show the layers of nested models too. */
  readonly expandNested?: boolean;
  /** Whether to show a column with each layer's trainability: Y or N. */
  readonly showTrainable?: boolean;
  /** Whether to show a column with the mask shape of each layer's output. */
  readonly showMask?: boolean;
}

const SUMMARY = {
  expandNested: withDefault(flag, false),
  showTrainable: withDefault(flag, false),
  showMask: withDefault(flag, false),
} satisfies TableOf<SummaryOptions>;

/** The parts of a model that its summary needs. */
interface SummarizedModel {
  readonly name: string;
  readonly className: "Sequential" | "Functional";
  readonly graph: LayerGraph;
  readonly layers: readonly Layer[];
}

/** Formats the model as Keras does: its layers and parameter counts. */
export function summarize(model: SummarizedModel, options: SummaryOptions = {}): string {
  const { expandNested, showTrainable, showMask } = readOptions("summary", SUMMARY, options);
  const { rows, isRow } = summaryRows(model.graph, model.layers, model.className === "Sequential");
  const columns: readonly Column[] = [
    ...(isRow ? ROW_OF_LAYERS : GRAPH_OF_LAYERS),
    ...(showMask ? [{ title: "Mask", width: 14, align: "left" as const }] : []),
    ...(showTrainable ? [{ title: "Trainable", width: 11, align: "center" as const }] : []),
  ];
  const cellsOf = (row: SummaryRow, depth: number): string[][] => {
    const { name, className, shapes, parameters, connected, mask, trainable, inner } = row;
    const prefix = depth === 0 ? "" : `${"   ".repeat(depth)}└ `;
    const cells = [
      `${prefix}${name} (${className})`,
      shapesText(shapes),
      grouped(parameters),
      ...(isRow ? [] : [connected.length === 0 ? "-" : connected.join(", ")]),
      ...(showMask ? [mask === undefined ? "-" : shapesText([mask])] : []),
      ...(showTrainable ? [trainable === undefined ? "-" : trainable ? "Y" : "N"] : []),
    ];
    return [cells, ...(expandNested ? inner.flatMap((each) => cellsOf(each, depth + 1)) : [])];
  };
  const all = countOf(model.graph.weights);
  const trainable = countOf(model.graph.trainableWeights);
  return [
    `Model: "${model.name}"`,
    drawTable(
      columns,
      rows.flatMap((row) => cellsOf(row, 0)),
    ),
    ` Total params: ${counted(all)}`,
    ` Trainable params: ${counted(trainable)}`,
    ` Non-trainable params: ${counted(all - trainable)}`,
  ].join("\n");
}

/** The number of parameters in these weights. */
function countOf(weights: readonly Variable[]): number {
  return weights.reduce((sum, weight) => sum + sizeOf(weight.shape), 0);
}

function shapesText(shapes: readonly Shape[]): string {
  const [first, ...others] = shapes.map(
    (shape) => `(${["None", ...shape].join(", ")}${shape.length === 0 ? "," : ""})`,
  );
  return others.length === 0 ? (first as string) : `[${[first, ...others].join(", ")}]`;
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
