import type { Graph, Value } from "../graph/operation.ts";
import { reshape } from "../ops/data/movement.ts";
import { add, relu, sigmoid, softplus, tanh } from "../ops/elementwise/arithmetic.ts";
import { matmulOp } from "../ops/matmul/matmul.ts";
import { countUses, rewrite } from "./rewrite.ts";

/** The activations that a product's kernel applies. */
const ACTIVATIONS = [
  ["relu", relu],
  ["sigmoid", sigmoid],
  ["tanh", tanh],
  ["softplus", softplus],
] as const;

/** What a product takes over from the operation that follows it. */
interface Epilogue {
  readonly bias?: Value;
  readonly activation?: (typeof ACTIVATIONS)[number][0];
}

/** Lets a matmul add the bias and apply the activation that follow it, where nothing else needs what lies between. */
export function fuseMatmulEpilogues(graph: Graph): Graph {
  const uses = countUses(graph);
  // No one else reads the value, nor what it is a view of.
  const isPrivate = (value: Value): boolean => {
    const viewed = viewedBy(value);
    return uses.get(value) === 1 && (viewed === value || isPrivate(viewed));
  };
  return rewrite(graph, (visited) => {
    const { operation } = visited;
    if (add.op.matches(visited) && add.op.matches(operation)) {
      const { a, b } = visited.inputs;
      const fused =
        (isPrivate(operation.inputs.a) ? addBias(a, b) : undefined) ??
        (isPrivate(operation.inputs.b) ? addBias(b, a) : undefined);
      return fused && { out: fused };
    }
    const activation = ACTIVATIONS.find(([, { op }]) => op.matches(operation));
    const [before] = operation.operands;
    if (activation === undefined || before === undefined || !isPrivate(before)) return undefined;
    const [name, { op }] = activation;
    const fused = op.matches(visited) ? extend(visited.inputs.x, { activation: name }) : undefined;
    return fused && { out: fused };
  });
}

function addBias(value: Value, bias: Value): Value | undefined {
  if (bias.shape.length !== 1 || bias.shape[0] !== value.shape.at(-1) || value.shape.length < 2) return undefined;
  return extend(value, { bias });
}

/** The product behind `value` with an epilogue, if it may have one. */
function extend(value: Value, epilogue: Epilogue): Value | undefined {
  const product = viewedBy(value);
  if (!matmulOp.matches(product.operation) || product.shape.at(-1) !== value.shape.at(-1)) return undefined;
  const { inputs, attributes } = product.operation;
  if (attributes.activation !== "linear" || (epilogue.bias !== undefined && inputs.bias !== undefined))
    return undefined;
  const { bias = inputs.bias, activation = attributes.activation } = epilogue;
  const { out } = matmulOp({ ...inputs, ...(bias && { bias }) }, { ...attributes, activation });
  return reshape(out, value.shape);
}

/** What a view shows; the value itself where it is no view. */
function viewedBy(value: Value): Value {
  const { definition, operands } = value.operation;
  return definition.kind === "view" ? (operands[0] ?? value) : value;
}
