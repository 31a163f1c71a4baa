/** A graph of layers as data: what a saved model keeps of its architecture. `graph_from_config.ts` reads it. */
import type { LayerGraph } from "../graph/layer_graph.ts";
import { NestedModel } from "../graph/nested_model.ts";
import type { Layer, LayerNode, SymbolicTensor } from "../layers/index.ts";

/** A tensor: layer, which of the layer's calls in this graph, which output. */
type Source = readonly [layer: string, call: number, output: number];

/** One call of a layer, after those that it reads. */
interface SavedCall {
  readonly layer: string;
  readonly inputs: readonly Source[];
  /** One for each input, null where its own mask counts; absent when all are. */
  readonly masks?: readonly (Source | null)[];
  readonly initialState?: readonly Source[];
}

/** A graph as data. Inner models hold theirs in `config`. */
export interface SavedGraph {
  readonly layers: readonly {
    readonly className: string;
    readonly name: string;
    readonly trainable: boolean;
    readonly config: unknown;
  }[];
  readonly calls: readonly SavedCall[];
  readonly inputs: readonly Source[];
  readonly outputs: readonly Source[];
}

/** The graph as data. */
export function graphToConfig(graph: LayerGraph): SavedGraph {
  const calls = new Map<Layer, LayerNode[]>();
  for (const node of [...graph.inputs.map((input) => input.node), ...graph.nodes]) {
    calls.set(node.layer, [...(calls.get(node.layer) ?? []), node]);
  }
  const source = ({ node, index }: SymbolicTensor): Source => [
    node.layer.name,
    (calls.get(node.layer) ?? []).indexOf(node),
    index,
  ];
  return {
    layers: graph.layers.map((layer) => ({
      className: layer.className,
      name: layer.name,
      trainable: layer.trainable,
      config: layer instanceof NestedModel ? graphToConfig(layer.graph) : layer.config,
    })),
    calls: graph.nodes.map(({ layer, inputs, masks, initialState }) => ({
      layer: layer.name,
      inputs: inputs.map(source),
      ...(masks.some((mask) => mask !== undefined) && { masks: masks.map((mask) => (mask ? source(mask) : null)) }),
      ...(initialState && { initialState: initialState.map(source) }),
    })),
    inputs: graph.inputs.map(source),
    outputs: graph.outputs.map(source),
  };
}
