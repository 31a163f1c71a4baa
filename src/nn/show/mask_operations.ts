/** A graph's calls with the masks they read. Keras computes each mask with separate operations, which are calls too. */
import type { Shape } from "../../core/shape.ts";
import { input } from "../../graph/operation.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import type { Layer, LayerNode } from "../layers/index.ts";

/** Layer classes whose computation uses the mask; the others only pass it on or drop it. */
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
  "MultiHeadAttention",
]);

/** Keras's operations for the mask of a layer: class, name, and whether the result is one flag per timestep. */
const MASK_OPERATIONS: Readonly<Record<string, readonly (readonly [className: string, name: string])[]>> = {
  Embedding: [["NotEqual", "not_equal"]],
  Masking: [
    ["NotEqual", "not_equal"],
    ["Any", "any"],
  ],
};

/** A layer, or an operation that computes a mask. */
export interface Item {
  readonly layer: Layer | undefined;
  readonly className: string;
  readonly name: string;
}

/** An output of another call that a call reads. */
export interface ItemRead {
  readonly node: ItemNode;
  readonly index: number;
}

/** A call with the masks that it reads, as in Keras. */
export interface ItemNode {
  readonly layer: Item;
  readonly index: number;
  /** Inputs, states and masks. */
  readonly reads: ItemRead[];
  /** The operation that computes each input's mask, if the layer reads it. */
  readonly masks: (ItemRead | undefined)[];
  readonly shapes: readonly Shape[];
}

/** Returns every call and the shape of each layer's mask, by building the graph once on a single example. */
export function callsWithMasks(graph: LayerGraph) {
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
      masks: [],
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
    return { layer: { layer: undefined, className, name }, index: 0, reads: [read], masks: [], shapes: [shape] };
  };
  graph.run(
    graph.inputSpecs.map(({ name, shape, dtype }) => input(name, [1, ...shape], dtype)),
    {
      training: false,
      random: () => {
        throw new Error("random numbers are for training only");
      },
      onCall: (node, given, result) => {
        const item = add(node);
        const readsMask = READS_MASK.has(node.layer.className);
        given.forEach((mask, index) => {
          const maker = node.masks[index] === undefined && readsMask ? makers.get(mask) : undefined;
          const read = mask === undefined || maker === undefined ? undefined : { node: maker, index: 0 };
          item.masks.push(read);
          if (read !== undefined) item.reads.push(read);
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
