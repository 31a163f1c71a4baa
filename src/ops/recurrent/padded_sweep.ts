/**
 * Sweeps of rows that share their padding. Rows of a left-padded batch go through the same states while they read it,
 * so it is read once, by a row of its own; each row starts from where its padding ends. Exact, gradients included.
 */
import { at } from "../../core/at.ts";
import { ValueError } from "../../core/errors.ts";
import { dims } from "../../core/shape.ts";
import { defineOp, type NoAttributes, type OpReference, referenceFor } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { paddingCall } from "../../kernels/recurrent/row_order.ts";
import { scatterAdd } from "../data/gather.ts";
import { paddedGradient, startsOf } from "./recurrent_gradient.ts";
import {
  type PaddedInputs,
  type PaddedOps,
  type SweepFamily,
  type SweepGradOp,
  type SweepOutputs,
  sumSteps,
} from "./sweep.ts";
import { type CellReference, forwardLoop } from "./sweep_reference.ts";

interface PaddingInputs {
  readonly ids: Value;
}

const paddingOp = defineOp<PaddingInputs, NoAttributes, Pick<PaddedInputs, "schedule" | "ownIds">>({
  kind: "kernel",
  name: "padding",
  infer: ({ inputs: { ids } }) => {
    const [batch, steps] = dims(ids.shape, 2);
    return {
      schedule: { shape: [2, batch], dtype: "int32" },
      ownIds: { shape: [batch + 1, steps], dtype: "int32" },
    };
  },
  vjp: () => ({}),
  lower: ({ inputs: { ids }, outputs }) => [paddingCall(ids, outputs)],
});

export const paddingReference = referenceFor(paddingOp, ({ inputs: { ids }, outputs }) => {
  const [batch, steps] = dims(ids.shape, 2);
  const starts = Array.from({ length: batch }, (_, row) => {
    let start = 0;
    while (start + 1 < steps && ids.data[row * steps + start] === 0) start++;
    return start;
  });
  const order = starts.map((_, row) => row).sort((a, b) => at(starts, a) - at(starts, b));
  const longest = Math.max(0, ...starts);
  const own = Float64Array.from({ length: (batch + 1) * steps }, (_, index) => {
    const [row, step] = [Math.floor(index / steps), index % steps];
    if (row === batch) return step < longest ? 0 : -1;
    return step < at(starts, row) ? -1 : at(ids.data, index);
  });
  const schedule = Float64Array.from([...order, ...order.map((row) => at(starts, row))]);
  return {
    schedule: { shape: outputs.schedule.shape, data: schedule },
    ownIds: { shape: outputs.ownIds.shape, data: own },
  };
});

/** Declares the padded sweep of a family, with the op of its backward sweep. */
export function definePaddedSweep<A>(family: SweepFamily<A>, gradient: SweepGradOp<A>): PaddedOps<A> {
  const forward = definePaddedForward(family, gradient);
  return {
    last: ({ table, ids, ...weights }, attributes) => {
      const { schedule, ownIds } = paddingOp({ ids }, {});
      return forward({ table, ownIds, ...weights, schedule }, attributes).last;
    },
    forward,
  };
}

/** Outputs: hidden `[B + 1, T, H]`, saved `[B + 1, T, S·H]`, last. */
function definePaddedForward<A>(family: SweepFamily<A>, gradient: SweepGradOp<A>): PaddedOps<A>["forward"] {
  const { name, states, savedParts } = family;
  return defineOp<PaddedInputs, A, SweepOutputs>({
    kind: "kernel",
    name: `${name}PaddedSweep`,
    infer: ({ inputs: { ownIds, recurrent } }) => {
      const [rows, steps] = dims(ownIds.shape, 2);
      const units = at(recurrent.shape, 0);
      return {
        hidden: { shape: [rows, steps, units], dtype: "float32" },
        saved: { shape: [rows, steps, savedParts * units], dtype: "float32" },
        last: { shape: [states, rows - 1, units], dtype: "float32" },
      };
    },
    vjp: ({ inputs, outputs, cotangents, attributes }) => {
      const { table, ownIds, recurrent, bias, unitWeights, schedule } = inputs;
      const { hidden, saved } = outputs;
      const dLast = cotangents.last;
      if (cotangents.hidden !== undefined || cotangents.saved !== undefined || !saved || !dLast) {
        throw new ValueError(`${name}: a loss can depend only on the last states of a padded sweep`);
      }
      const { dX, dInner = dX } = gradient({ kept: saved, recurrent, unitWeights, dLast, schedule }, attributes);
      return {
        table: scatterAdd(dX, ownIds, at(table.shape, 0)),
        recurrent: paddedGradient(hidden, dInner, schedule),
        // The padding's row holds the sum of what all rows want of it: every row counts once.
        bias: bias && sumSteps(dInner, ownIds),
        unitWeights: unitWeights && family.unitWeights?.gradient({ outputs, initial: undefined, dX, ownIds }),
      };
    },
    lower: ({ inputs: { table, ownIds, ...reads }, outputs, isUsed, attributes }) => [
      family.forwardCall({ x: table, ids: ownIds, ...reads }, outputs, attributes, {
        hidden: isUsed.hidden,
        saved: isUsed.saved === true,
      }),
    ],
  });
}

/** A padded sweep in float64, from the float64 reference of the cell; none where it has no such op. */
export function paddedReferences<A>(cell: CellReference<A>): readonly OpReference[] {
  const { family, padded } = cell.op;
  if (padded === undefined) return [];
  const { states, savedParts } = family;
  const forward = referenceFor(padded.forward, ({ inputs, outputs, attributes }) => {
    const { table, ownIds, recurrent, schedule, ...rest } = inputs;
    const [rows, steps] = dims(ownIds.shape, 2);
    const units = at(recurrent.shape, 0);
    const starts = startsOf(schedule);
    // Before its start a row reads padding, as row B does; where nothing is written stand zeros.
    const ids = { shape: ownIds.shape, data: ownIds.data.map((id) => Math.max(0, id)) };
    const { hidden, saved, last } = forwardLoop(cell, { x: table, ids, recurrent, ...rest }, attributes);
    const clear = (data: Float64Array, size: number) => {
      starts.forEach((start, row) => {
        data.fill(0, row * steps * size, (row * steps + start) * size);
      });
      data.fill(0, ((rows - 1) * steps + Math.max(0, ...starts)) * size);
    };
    clear(hidden, units);
    clear(saved, savedParts * units);
    const lastRows = Float64Array.from({ length: states * (rows - 1) * units }, (_, index) => {
      const state = Math.floor(index / ((rows - 1) * units));
      return at(last, state * rows * units + (index % ((rows - 1) * units)));
    });
    return {
      hidden: { shape: outputs.hidden.shape, data: hidden },
      saved: outputs.saved && { shape: outputs.saved.shape, data: saved },
      last: { shape: outputs.last.shape, data: lastRows },
    };
  });
  return [forward];
}
