import { type Shape, sizeOf } from "../core/shape.ts";
import { defineOp } from "../graph/op.ts";
import type { Graph, Value } from "../graph/operation.ts";
import { sliceOp } from "../ops/data/movement.ts";
import { rewrite } from "./rewrite.ts";

/** The first elements of a tensor, where they lie. */
const prefixOp = defineOp<{ readonly shape: Shape }>({
  kind: "view",
  name: "prefix",
  infer: ({ inputs: [x], attributes: { shape } }) => [{ shape, dtype: x?.dtype ?? "float32" }],
  vjp: () => {
    throw new Error("prefix: it is made after differentiation");
  },
});

/**
 * A slice that is the beginning of its tensor's elements is not copied. Run last: other passes take it that a view holds all
 * elements of what it views.
 */
export function prefixViews(graph: Graph): Graph {
  return rewrite(graph, ({ definition, attributes }, inputs) => {
    if (definition !== sliceOp.definition) return undefined;
    const { begin, size } = attributes as { readonly begin: readonly number[]; readonly size: Shape };
    const { shape } = inputs[0] as Value;
    const cut = size.findIndex((length) => length !== 1);
    const isWhole = cut < 0 || size.every((length, axis) => axis <= cut || length === shape[axis]);
    if (begin.some((start) => start !== 0) || !isWhole || sizeOf(size) === 0) return undefined;
    return prefixOp(inputs, { shape: size });
  });
}
