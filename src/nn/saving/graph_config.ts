/** Serializes a layer graph, the architecture in a saved model. `graph_from_config.ts` deserializes it. */
import type { LayerGraph } from "../graph/layer_graph.ts";
import { NestedModel } from "../graph/nested_model.ts";
import type { Layer, LayerNode, SymbolicTensor } from "../layers/index.ts";

/** A tensor: the layer, the index of its call in this graph, the index of the output. */
type Source = readonly [layer: string, call: number, output: number];

/** One call of a layer. Calls come after those whose outputs they read. */
interface SavedCall {
  readonly layer: string;
  readonly inputs: readonly Source[];
  /** One mask per input, null if the input's own mask applies; omitted if all are null. */
  readonly masks?: readonly (Source | null)[];
  readonly initialState?: readonly Source[];
}

/** A serialized graph. Nested models have theirs in `config`. */
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

/** Serializes the graph. */
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
