/** Unique weight names in a model: layer and weight, prefixed with the nested model's name. */
import type { Variable } from "../../graph/operation.ts";
import type { LayerGraph } from "./layer_graph.ts";
import { NestedModel } from "./nested_model.ts";

/** Names of `graph.weights`, such as `lstm/recurrent_kernel` or `encoder/lstm/kernel`. */
export function weightNames(graph: LayerGraph): readonly string[] {
  const names = new Map<Variable, string>();
  const visit = ({ layers }: LayerGraph, prefix: string): void => {
    for (const layer of layers) {
      if (layer instanceof NestedModel) visit(layer.graph, `${prefix}${layer.name}/`);
      else
        for (const weight of layer.weights)
          if (!names.has(weight))
            names.set(weight, `${prefix}${layer.name}${weight.name.slice(weight.name.indexOf("/"))}`);
    }
  };
  visit(graph, "");
  return graph.weights.map((weight) => names.get(weight) as string);
}

/** The optimizer's state variables, named by weight and slot. */
export function slotNames(
  graph: LayerGraph,
  { weights, slots }: { readonly weights: readonly Variable[]; readonly slots: readonly (readonly Variable[])[] },
): ReadonlyMap<string, Variable> {
  const names = weightNames(graph);
  const nameOf = new Map(graph.weights.map((weight, index) => [weight, names[index] as string]));
  return new Map(
    weights.flatMap((weight, index) =>
      (slots[index] ?? []).map((slot): [string, Variable] => [
        `${nameOf.get(weight)}${slot.name.slice(weight.name.length)}`,
        slot,
      ]),
    ),
  );
}
