/** The general path of a recurrent layer: its steps written out in the graph, one by one, for what no kernel serves. */
import { ValueError } from "../../core/errors.ts";
import type { Value } from "../../graph/operation.ts";
import { slice, stack } from "../../ops/data/movement.ts";
import { unstack } from "../../ops/data/unstack.ts";
import { where } from "../../ops/elementwise/arithmetic.ts";
import type { CellContext, CellSweep, RnnCell, SweepInputs } from "./cell.ts";

/** The most steps that are written out: a graph of a few hundred thousand operations takes minutes to plan. */
export const MOST_STEPS = 1000;

/** What the loop gives; `hidden` is undefined where only the last output was asked for. */
export interface LoopResult extends Omit<CellSweep, "hidden" | "last"> {
  readonly hidden: Value | undefined;
  /** The last output, `[B, outputSize]`. */
  readonly last: Value;
}

/**
 * Runs a cell over x `[B, T, D]`. At a masked step the states stay, and the output is the one before (zeros at first).
 * @throws ValueError when there are more steps than can be written out.
 */
export function runCell(
  cell: RnnCell,
  { x, initial, mask }: SweepInputs,
  context: CellContext,
  wantsHidden: boolean,
): LoopResult {
  const [batch, time] = x.shape as [number, number];
  if (time > MOST_STEPS) {
    throw new ValueError(
      `${cell.className}: ${time} timesteps; expected at most ${MOST_STEPS} where each is written out. ` +
        "Use options that the kernels support (no recurrentDropout, resetAfter true, activations such as tanh, " +
        "sigmoid, relu), or shorter sequences",
      { time, most: MOST_STEPS },
    );
  }
  const sequence = cell.begin(x, context);
  let states = initial ?? cell.zeroStates(batch);
  const outputs: Value[] = [];
  for (const [t, part] of unstack(sequence.x, 1).entries()) {
    const next = sequence.step(part, states);
    if (mask === undefined) {
      states = next.states;
      outputs.push(next.output);
      continue;
    }
    const isKept = slice(mask, [0, t], [batch, 1]);
    const before = states;
    states = next.states.map((state, index) => where(isKept, state, before[index] as Value));
    outputs.push(where(isKept, next.output, outputs.at(-1) ?? 0));
  }
  return { hidden: wantsHidden ? stack(outputs, 1) : undefined, last: outputs.at(-1) as Value, states };
}
