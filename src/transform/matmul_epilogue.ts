import { only } from "../graph/op.ts";
import type { Graph, Value } from "../graph/operation.ts";
import { reshape } from "../ops/data/reshape.ts";
import { type MatmulAttributes, matmulOp } from "../ops/matmul/matmul.ts";
import { countUses, rewrite } from "./rewrite.ts";

const ACTIVATIONS: ReadonlySet<string> = new Set(["relu", "sigmoid", "tanh", "softplus"]);

/** Lets a matmul add the bias and apply the activation that follow it, where nothing else needs what lies between. */
export function fuseMatmulEpilogues(graph: Graph): Graph {
  const uses = countUses(graph);
  // No one else reads the value, nor what it is a view of.
  const isPrivate = (value: Value): boolean =>
    uses.get(value) === 1 &&
    (value.operation.definition.kind !== "view" || isPrivate(value.operation.inputs[0] as Value));

  const extend = (value: Value, extra: readonly Value[], change: Partial<MatmulAttributes>): Value | undefined => {
    const product = value.operation.definition.kind === "view" ? (value.operation.inputs[0] as Value) : value;
    if (product.operation.definition !== matmulOp.definition || product.shape.at(-1) !== value.shape.at(-1)) {
      return undefined;
    }
    const attributes = product.operation.attributes as MatmulAttributes;
    if (attributes.activation !== "linear" || (change.hasBias === true && attributes.hasBias)) return undefined;
    return reshape(only(matmulOp([...product.operation.inputs, ...extra], { ...attributes, ...change })), value.shape);
  };

  return rewrite(graph, (operation, inputs) => {
    const { name } = operation.definition;
    if (name === "add") {
      for (const side of [0, 1]) {
        const [value, bias] = [inputs[side] as Value, inputs[1 - side] as Value];
        if (bias.shape.length !== 1 || bias.shape[0] !== value.shape.at(-1) || value.shape.length < 2) continue;
        const fused = isPrivate(operation.inputs[side] as Value) ? extend(value, [bias], { hasBias: true }) : undefined;
        if (fused !== undefined) return [fused];
      }
    } else if (ACTIVATIONS.has(name) && isPrivate(operation.inputs[0] as Value)) {
      const fused = extend(inputs[0] as Value, [], { activation: name as MatmulAttributes["activation"] });
      if (fused !== undefined) return [fused];
    }
    return undefined;
  });
}
