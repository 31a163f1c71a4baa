/** The rows of a model's summary. As in Keras, a mask that another layer reads has its own row. */

import type { Shape } from "../../core/shape.ts";
import { sizeOf } from "../../core/shape.ts";
import { orderOf } from "../graph/graph_order.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import { NestedModel } from "../graph/nested_model.ts";
import { InputLayer, type Layer } from "../layers/index.ts";
import { callsWithMasks, type ItemNode } from "./mask_operations.ts";

/** One row of the summary. */
export interface SummaryRow {
  readonly name: string;
  readonly className: string;
  /** The shapes of all outputs, without the batch axis. */
  readonly shapes: readonly Shape[];
  readonly parameters: number;
  /** The sources of its inputs, such as `embedding[0][0]`. */
  readonly connected: readonly string[];
  /** The shape of the output's mask, without the batch axis. */
  readonly mask: Shape | undefined;
  readonly trainable: boolean | undefined;
  /** The layers of a nested model. */
  readonly inner: readonly SummaryRow[];
}

/** The rows, and whether the layers form a linear stack, for which connections need not be shown. */
export interface SummaryRows {
  readonly rows: readonly SummaryRow[];
  readonly isRow: boolean;
}

/** The rows of a graph: all of them, or only those of `layers`, without inputs. */
export function summaryRows(graph: LayerGraph, layers: readonly Layer[], isSequential: boolean): SummaryRows {
  const { nodes, masks } = callsWithMasks(graph);
  const ends = graph.outputs.map(({ node, index }) => ({ node: nodes.get(node) as ItemNode, index }));
  const order = orderOf(ends);
  const shown = order.layers.filter(({ layer }) => layer === undefined || layers.includes(layer));
  const isRow = isSequential || hasNoFork(order.nodes);
  const visible = isRow ? shown.filter(({ layer }) => layer !== undefined) : shown;
  return {
    isRow,
    rows: visible.map((item) => {
      const calls = order.nodes.filter(({ layer }) => layer === item);
      const { layer } = item;
      const weights = layer?.weights ?? [];
      return {
        name: item.name,
        className: item.className,
        shapes: (calls.at(-1) as ItemNode).shapes,
        parameters: weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
        connected: calls.flatMap(({ reads }) =>
          reads.map(({ node, index }) => `${node.layer.name}[${node.index}][${index}]`),
        ),
        mask: layer && masks.get(layer),
        trainable: layer === undefined || weights.length === 0 ? undefined : layer.trainable,
        inner: layer instanceof NestedModel ? innerRows(layer) : [],
      };
    }),
  };
}

function innerRows({ graph, className }: NestedModel): readonly SummaryRow[] {
  const isSequential = className === "Sequential";
  const layers = graph.layers.filter((layer) => !(isSequential && layer instanceof InputLayer));
  return summaryRows(graph, layers, isSequential).rows;
}

/** Keras's condition: no two calls at the same depth, no call with two inputs, no shared layer. */
function hasNoFork(nodes: readonly ItemNode[]): boolean {
  const isShared = new Set(nodes.map(({ layer }) => layer)).size < nodes.length;
  return (
    !isShared &&
    nodes.every(({ reads }, place) =>
      place === 0 ? reads.length === 0 : reads.length === 1 && reads[0]?.node === nodes[place - 1],
    )
  );
}
