import { type Shape, sizeOf } from "../core/shape.ts";
import { defineOp, type Out } from "../graph/op.ts";
import type { Graph, Value } from "../graph/operation.ts";
import { sliceOp } from "../ops/data/movement.ts";
import { rewrite } from "./rewrite.ts";

interface Input {
  readonly x: Value;
}

/** The first elements of a tensor, where they lie. */
const prefixOp = defineOp<Input, { readonly shape: Shape }, Out>({
  kind: "view",
  name: "prefix",
  infer: ({ inputs: { x }, attributes: { shape } }) => ({ out: { shape, dtype: x.dtype } }),
  vjp: () => {
    throw new Error("prefix: it is made after differentiation");
  },
});

/**
 * A slice that is the beginning of its tensor's elements is not copied. Run last: other passes take it that a view
 * holds all elements of what it views.
 */
export function prefixViews(graph: Graph): Graph {
  return rewrite(graph, (visited) => {
    if (!sliceOp.matches(visited)) return undefined;
    const { inputs, attributes } = visited;
    const { begin, size } = attributes;
    const { shape } = inputs.x;
    const cut = size.findIndex((length) => length !== 1);
    const isWhole = cut < 0 || size.every((length, axis) => axis <= cut || length === shape[axis]);
    if (begin.some((start) => start !== 0) || !isWhole || sizeOf(size) === 0) return undefined;
    return { ...prefixOp(inputs, { shape: size }) };
  });
}
