/**
 * gather(E, ids)·W + b = gather(E·W + b, ids): when a table has fewer rows than there are ids, it is cheaper to project
 * the table. Run before differentiation, it makes the backward pass small too: the scatter lands in the projected table.
 */
import { sizeOf } from "../core/shape.ts";
import type { Graph, Value } from "../graph/operation.ts";
import { gather, gatherOp } from "../ops/data/gather.ts";
import { reverse } from "../ops/data/movement.ts";
import { reshape } from "../ops/data/reshape.ts";
import { add } from "../ops/elementwise/arithmetic.ts";
import { type MatmulAttributes, matmul } from "../ops/matmul/matmul.ts";
import { rewrite } from "./rewrite.ts";

interface Gathered {
  readonly table: Value;
  readonly ids: Value;
}

/** The table and ids behind a gather of a matrix's rows, if the table is no larger than what was gathered. */
function gathered(value: Value | undefined): Gathered | undefined {
  if (value?.operation.definition !== gatherOp.definition) return undefined;
  const [table, ids] = value.operation.inputs as [Value, Value];
  const isSmaller = (table.shape[0] as number) <= sizeOf(ids.shape);
  return table.shape.length === 2 && table.dtype === "float32" && isSmaller ? { table, ids } : undefined;
}

/** Moves gathers behind the projections, biases, reshapes and reversals that follow them. */
export function projectThenGather(graph: Graph): Graph {
  return rewrite(graph, ({ definition, attributes, outputs }, inputs) => {
    const moved = RULES[definition.name]?.(inputs, attributes, outputs[0] as Value);
    return moved && [moved];
  });
}

type Rule = (inputs: readonly Value[], attributes: unknown, output: Value) => Value | undefined;

const RULES: Readonly<Record<string, Rule | undefined>> = {
  matmul: ([a, b], attributes) => {
    const rows = gathered(a);
    const { transposeA, transposeB } = attributes as MatmulAttributes;
    if (rows === undefined || b === undefined || transposeA || b.shape.length !== 2 || a?.shape.length !== 2) {
      return undefined;
    }
    return gather(matmul(rows.table, b, { transposeB }), rows.ids);
  },
  add: (inputs) => {
    for (const [side, other] of [inputs, [...inputs].reverse()] as [Value, Value][]) {
      const rows = gathered(side);
      if (rows !== undefined && other.shape.length <= 1) return gather(add(rows.table, other), rows.ids);
    }
    return undefined;
  },
  reshape: ([x], _attributes, output) => {
    const rows = gathered(x);
    if (rows === undefined || output.shape.at(-1) !== rows.table.shape[1]) return undefined;
    return gather(rows.table, reshape(rows.ids, output.shape.slice(0, -1)));
  },
  reverse: ([x], attributes) => {
    const rows = gathered(x);
    const { axis } = attributes as { readonly axis: number };
    if (rows === undefined || axis >= rows.ids.shape.length) return undefined;
    return gather(rows.table, reverse(rows.ids, axis));
  },
};
