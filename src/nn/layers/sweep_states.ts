import type { Value } from "../../graph/operation.ts";
import { slice } from "../../ops/data/movement.ts";
import { reshape } from "../../ops/data/reshape.ts";

/** The last states of a sweep, `[S, B, H]`, one by one. */
export function statesOf(last: Value): Value[] {
  const [count, batch, units] = last.shape as [number, number, number];
  if (count === 1) return [reshape(last, [batch, units])];
  return Array.from({ length: count }, (_, which) =>
    reshape(slice(last, [which, 0, 0], [1, batch, units]), [batch, units]),
  );
}
