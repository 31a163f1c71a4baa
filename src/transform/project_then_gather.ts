/**
 * gather(E, ids)·W + b = gather(E·W + b, ids): when a table has fewer rows than there are ids, it is cheaper to project
 * the table. Run before differentiation, it makes the backward pass small too: the scatter lands in the projected
 * table.
 */
import { at } from "../core/at.ts";
import { sizeOf } from "../core/shape.ts";
import type { Graph, Value } from "../graph/operation.ts";
import { gather, gatherOp } from "../ops/data/gather.ts";
import { reshape, reshapeOp, reverse, reverseOp } from "../ops/data/movement.ts";
import { add } from "../ops/elementwise/arithmetic.ts";
import { matmul, matmulOp } from "../ops/matmul/matmul.ts";
import { rewrite, type Visited } from "./rewrite.ts";

interface Gathered {
  readonly table: Value;
  readonly ids: Value;
}

/** The table and ids behind a gather of a matrix's rows, if the table is no larger than what was gathered. */
function gathered({ operation }: Value): Gathered | undefined {
  if (!gatherOp.matches(operation)) return undefined;
  const { table, ids } = operation.inputs;
  const isSmaller = at(table.shape, 0) <= sizeOf(ids.shape);
  return table.shape.length === 2 && table.dtype === "float32" && isSmaller ? { table, ids } : undefined;
}

/** Moves gathers behind the projections, biases, reshapes and reversals that follow them. */
export function projectThenGather(graph: Graph): Graph {
  return rewrite(graph, (visited) => {
    const moved = movedBehind(visited);
    return moved && { out: moved };
  });
}

/** The operation applied to the table, and its result gathered. */
function movedBehind(visited: Visited): Value | undefined {
  if (matmulOp.matches(visited)) {
    const { a, b } = visited.inputs;
    const { transposeA, transposeB } = visited.attributes;
    const rows = gathered(a);
    if (rows === undefined || transposeA || b.shape.length !== 2 || a.shape.length !== 2) return undefined;
    return gather(matmul(rows.table, b, { transposeB }), rows.ids);
  }
  if (add.op.matches(visited)) {
    const { a, b } = visited.inputs;
    for (const [side, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const rows = gathered(side);
      if (rows !== undefined && other.shape.length <= 1) return gather(add(rows.table, other), rows.ids);
    }
    return undefined;
  }
  if (reshapeOp.matches(visited)) {
    const rows = gathered(visited.inputs.x);
    const { shape } = visited.outputs.out;
    if (rows === undefined || shape.at(-1) !== rows.table.shape[1]) return undefined;
    return gather(rows.table, reshape(rows.ids, shape.slice(0, -1)));
  }
  if (reverseOp.matches(visited)) {
    const rows = gathered(visited.inputs.x);
    const { axis } = visited.attributes;
    if (rows === undefined || axis >= rows.ids.shape.length) return undefined;
    return gather(rows.table, reverse(rows.ids, axis));
  }
  return undefined;
}
