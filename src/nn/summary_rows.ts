/** What the summary says of each layer. Masks that a layer makes are rows of their own where another reads them, as in Keras. */

import type { Shape } from "../core/shape.ts";
import { sizeOf } from "../core/shape.ts";
import { input } from "../graph/operation.ts";
import { orderOf } from "./graph_order.ts";
import type { LayerGraph } from "./layer_graph.ts";
import { InputLayer, type Layer, type LayerNode } from "./layers/index.ts";
import { NestedModel } from "./nested_model.ts";

/** One row of the summary. */
export interface SummaryRow {
  readonly name: string;
  readonly className: string;
  /** Of all outputs, without the batch. */
  readonly shapes: readonly Shape[];
  readonly parameters: number;
  /** What it reads, such as `embedding[0][0]`. */
  readonly connected: readonly string[];
  /** The shape of the mask that goes on with the output, without the batch. */
  readonly mask: Shape | undefined;
  readonly trainable: boolean | undefined;
  /** The layers inside, of a model. */
  readonly inner: readonly SummaryRow[];
}

/** The rows, and whether the layers are one row without a fork: then nobody need know what is connected. */
export interface SummaryRows {
  readonly rows: readonly SummaryRow[];
  readonly isRow: boolean;
}

/** Classes whose computation reads the mask; the others only pass it on, or drop it. */
const READS_MASK = new Set([
  "LSTM",
  "GRU",
  "SimpleRNN",
  "RNN",
  "Bidirectional",
  "TimeDistributed",
  "GlobalAveragePooling1D",
  "BatchNormalization",
  "Softmax",
  "Attention",
  "AdditiveAttention",
]);

/** The operations by which Keras makes the mask of a layer: class, name, and whether it is one flag per timestep yet. */
const MASK_OPERATIONS: Readonly<Record<string, readonly (readonly [className: string, name: string])[]>> = {
  Embedding: [["NotEqual", "not_equal"]],
  Masking: [
    ["NotEqual", "not_equal"],
    ["Any", "any"],
  ],
};

/** A layer, or an operation that makes a mask. */
interface Item {
  readonly layer: Layer | undefined;
  readonly className: string;
  readonly name: string;
}

/** A call as the summary sees it: with the masks that it reads. */
interface ItemNode {
  readonly layer: Item;
  readonly index: number;
  readonly reads: { readonly node: ItemNode; readonly index: number }[];
  readonly shapes: readonly Shape[];
}

/** The rows of a graph: all of them, or those of `layers` only, where the inputs are not shown. */
export function summaryRows(graph: LayerGraph, layers: readonly Layer[], isSequential: boolean): SummaryRows {
  const { nodes, masks } = itemNodes(graph);
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

/** Keras: no two calls at one depth, none with two inputs, no shared layer. */
function hasNoFork(nodes: readonly ItemNode[]): boolean {
  const isShared = new Set(nodes.map(({ layer }) => layer)).size < nodes.length;
  return (
    !isShared &&
    nodes.every(({ reads }, place) =>
      place === 0 ? reads.length === 0 : reads.length === 1 && reads[0]?.node === nodes[place - 1],
    )
  );
}

/** The graph's calls with the masks they read, found by building the graph once on inputs of one example. */
function itemNodes(graph: LayerGraph) {
  const nodes = new Map<LayerNode, ItemNode>();
  const items = new Map<Layer, Item>();
  const makers = new Map<unknown, ItemNode>();
  const masks = new Map<Layer, Shape>();
  const taken = new Map<string, number>();
  const itemOf = (layer: Layer): Item => {
    const known = items.get(layer) ?? { layer, className: layer.className, name: layer.name };
    items.set(layer, known);
    return known;
  };
  const add = (node: LayerNode): ItemNode => {
    const reads = node.reads.map((tensor) => ({ node: nodes.get(tensor.node) as ItemNode, index: tensor.index }));
    const made = {
      layer: itemOf(node.layer),
      index: node.index,
      reads,
      shapes: node.outputs.map(({ shape }) => shape),
    };
    nodes.set(node, made);
    return made;
  };
  for (const tensor of graph.inputs) add(tensor.node);
  const operation = (
    [className, base]: readonly [string, string],
    read: ItemNode["reads"][number],
    shape: Shape,
  ): ItemNode => {
    const count = taken.get(base) ?? 0;
    taken.set(base, count + 1);
    const name = count === 0 ? base : `${base}_${count}`;
    return { layer: { layer: undefined, className, name }, index: 0, reads: [read], shapes: [shape] };
  };
  graph.run(
    graph.inputSpecs.map(({ name, shape, dtype }) => input(name, [1, ...shape], dtype)),
    {
      training: false,
      random: () => {
        throw new Error("nothing is random outside training");
      },
      onCall: (node, given, result) => {
        const item = add(node);
        const readsMask = READS_MASK.has(node.layer.className);
        given.forEach((mask, index) => {
          const maker = node.masks[index] === undefined && readsMask ? makers.get(mask) : undefined;
          if (mask !== undefined && maker !== undefined) item.reads.push({ node: maker, index: 0 });
        });
        const { mask } = result;
        if (mask === undefined) return;
        masks.set(node.layer, mask.shape.slice(1));
        const operations = given.includes(mask) ? undefined : MASK_OPERATIONS[node.layer.className];
        let from = item.reads[0];
        for (const [place, each] of (operations ?? []).entries()) {
          const shape = place + 1 === operations?.length ? mask.shape.slice(1) : (from?.node.shapes[0] ?? []);
          from = { node: operation(each, from as ItemNode["reads"][number], shape), index: 0 };
        }
        if (operations !== undefined && from !== undefined) makers.set(mask, from.node);
      },
    },
  );
  return { nodes, masks };
}
