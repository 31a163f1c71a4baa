/**
 * Sweeps of rows that share their padding. Rows of a left-padded batch go through the same states while they read it, so it
 * is read once, by a row of its own; each row starts from where its padding ends. Exact, gradients included.
 */
import { ValueError } from "../../core/errors.ts";
import type { KernelCall, Operand, TensorType } from "../../core/kernel_call.ts";
import type { ReferenceArray } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import {
  definePositionalOp as defineOp,
  type PositionalOp as Op,
  type PositionalReference as OpReference,
  only,
} from "../../graph/positional.ts";
import { paddingCall } from "../../kernels/recurrent/padding.ts";
import { scatterAdd } from "../data/gather.ts";
import { paddedGradient, startsOf } from "./recurrent_gradient.ts";
import type { SweepFamily, SweepGradReads, SweepGradWrites } from "./sweep.ts";
import { backwardLoop, forwardLoop, type SweepMeaning } from "./sweep_reference.ts";

type NoAttributes = Readonly<Record<string, never>>;

/** The kernels of a family whose rows share their padding: their reads have a schedule, their tensors a row B. */
export interface PaddedKernels<A> {
  backwardCall(
    reads: SweepGradReads<Operand> & { readonly schedule: Operand },
    writes: Pick<SweepGradWrites<Operand>, "dX">,
    attributes: A,
  ): KernelCall;
}

/**
 * ids `[B, T]` -> schedule `[2, B]` (the rows in the order of their starts, then the starts: leading zeros, at most
 * T - 1), and ids `[B + 1, T]` from each row's start on (-1 before), with the padding's own row B.
 */
const paddingOp = defineOp<NoAttributes>({
  kind: "kernel",
  name: "padding",
  infer: ({ inputs: [ids] }) => {
    const [batch, steps] = (ids as TensorType).shape as [number, number];
    return [
      { shape: [2, batch], dtype: "int32" },
      { shape: [batch + 1, steps], dtype: "int32" },
    ];
  },
  vjp: () => [null],
  lower: ({ inputs: [ids], outputs: [schedule, ownIds] }) => [
    paddingCall(ids as Operand, { schedule: schedule as Operand, ownIds: ownIds as Operand }),
  ],
});

export const paddingReference: OpReference<NoAttributes> = {
  op: paddingOp,
  reference: ({ inputs, outputs }) => {
    const [ids] = inputs as [ReferenceArray];
    const [batch, steps] = ids.shape as [number, number];
    const starts = Array.from({ length: batch }, (_, row) => {
      let start = 0;
      while (start + 1 < steps && ids.data[row * steps + start] === 0) start++;
      return start;
    });
    const order = starts.map((_, row) => row).sort((a, b) => (starts[a] as number) - (starts[b] as number));
    const longest = Math.max(0, ...starts);
    const own = Float64Array.from({ length: (batch + 1) * steps }, (_, at) => {
      const [row, step] = [Math.floor(at / steps), at % steps];
      if (row === batch) return step < longest ? 0 : -1;
      return step < (starts[row] as number) ? -1 : (ids.data[at] as number);
    });
    const schedule = Float64Array.from([...order, ...order.map((row) => starts[row] as number)]);
    return [schedule, own].map((data, index) => ({ shape: (outputs[index] as TensorType).shape, data }));
  },
};

/** A sweep over a table's rows that gives only its last states: table `[V, G·H]`, ids `[B, T]`, recurrent kernel `[H, G·H]`. */
export interface PaddedSweep<A> {
  (table: Value, ids: Value, recurrent: Value, attributes: A): Value;
  readonly op: Op<A>;
  readonly gradient: Op<A>;
}

/** Declares the padded sweep of a family. */
export function definePaddedSweep<A>(family: SweepFamily<A>, kernels: PaddedKernels<A>): PaddedSweep<A> {
  const gradient = definePaddedGradient(family, kernels);
  const op = definePaddedOp(family, gradient);
  const apply = (table: Value, ids: Value, recurrent: Value, attributes: A) => {
    const [schedule, ownIds] = paddingOp([ids], {}) as [Value, Value];
    return op([table, ownIds, recurrent, schedule], attributes).at(-1) as Value;
  };
  return Object.assign(apply, { op, gradient });
}

/** Inputs: table, own ids, recurrent kernel, schedule. Outputs: hidden `[B + 1, T, H]`, saved `[B + 1, T, S·H]`, last. */
function definePaddedOp<A>(family: SweepFamily<A>, gradient: Op<A>): Op<A> {
  const { name, states, savedParts } = family;
  return defineOp<A>({
    kind: "kernel",
    name: `${name}PaddedSweep`,
    infer: ({ inputs: [, ids, recurrent] }) => {
      const [rows, steps] = (ids as TensorType).shape as [number, number];
      const units = (recurrent as TensorType).shape[0] as number;
      const shapes = [
        [rows, steps, units],
        [rows, steps, savedParts * units],
        [states, rows - 1, units],
      ];
      return shapes.map((shape) => ({ shape, dtype: "float32" }));
    },
    vjp: ({ inputs, outputs, cotangents: [dHidden, dSaved, dLast], attributes }) => {
      if (dHidden != null || dSaved != null || dLast == null) {
        throw new ValueError(`${name}: a loss can depend only on the last states of a padded sweep`);
      }
      const [table, ids, recurrent, schedule] = inputs as [Value, Value, Value, Value];
      const [hidden, saved] = outputs as [Value, Value];
      const dX = only(gradient([saved, recurrent, dLast, schedule], attributes));
      return [scatterAdd(dX, ids, table.shape[0] as number), null, paddedGradient(hidden, dX, schedule), null];
    },
    lower: ({ inputs, outputs, isUsed, attributes }) => {
      const [x, ids, recurrent, schedule] = inputs as [Operand, Operand, Operand, Operand];
      const [hidden, saved, last] = outputs as [Operand, Operand, Operand];
      const [usesHidden, usesSaved] = isUsed as [boolean, boolean];
      return [
        family.forwardCall({ x, ids, recurrent, schedule }, { hidden, saved, last }, attributes, {
          hidden: usesHidden,
          saved: usesSaved,
        }),
      ];
    },
  });
}

/** Inputs: saved, recurrent kernel, dLast, schedule. Output: dX `[B + 1, T, G·H]`. */
function definePaddedGradient<A>({ name, gates }: SweepFamily<A>, kernels: PaddedKernels<A>): Op<A> {
  return defineOp<A>({
    kind: "kernel",
    name: `${name}PaddedSweepGrad`,
    infer: ({ inputs: [saved, recurrent] }) => {
      const [rows, steps] = (saved as TensorType).shape as [number, number];
      const units = (recurrent as TensorType).shape[0] as number;
      return [{ shape: [rows, steps, gates * units], dtype: "float32" }];
    },
    vjp: () => {
      throw new ValueError(`${name}: second derivatives of the sweep are not available`);
    },
    lower: ({ inputs, outputs: [dX], attributes }) => {
      const [kept, recurrent, dLast, schedule] = inputs as [Operand, Operand, Operand, Operand];
      return [kernels.backwardCall({ kept, recurrent, dLast, schedule }, { dX: dX as Operand }, attributes)];
    },
  });
}

/** Rows `[B, T, D]` whose steps before their start are those of the padding's row. */
function fullRows({ shape, data }: ReferenceArray, starts: readonly number[]): ReferenceArray {
  const [rows, steps, width] = shape as [number, number, number];
  const full = data.slice(0, (rows - 1) * steps * width);
  const padding = data.subarray((rows - 1) * steps * width);
  starts.forEach((start, row) => {
    full.set(padding.subarray(0, start * width), row * steps * width);
  });
  return { shape: [rows - 1, steps, width], data: full };
}

/** A padded sweep and its gradient in float64, from what a step of its family means. */
export function paddedReferences<A>(sweep: PaddedSweep<A>, meaning: SweepMeaning<A>): readonly OpReference[] {
  const { gates, states, savedParts } = meaning.op.family;
  const forward: OpReference<A> = {
    op: sweep.op,
    reference: ({ inputs, outputs, attributes }) => {
      const [x, ids, recurrent, schedule] = inputs as [ReferenceArray, ReferenceArray, ReferenceArray, ReferenceArray];
      const [rows, steps] = ids.shape as [number, number];
      const starts = startsOf(schedule);
      // Before its start a row reads padding, as row B does; where nothing is written stand zeros.
      const all = { shape: ids.shape, data: ids.data.map((id) => Math.max(0, id)) };
      const [hidden, saved, last] = forwardLoop(meaning, { x, ids: all, recurrent }, attributes) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      for (const [data, width] of [
        [hidden, 1],
        [saved, savedParts],
      ] as const) {
        const size = width * (recurrent.shape[0] as number);
        starts.forEach((start, row) => {
          data.fill(0, row * steps * size, (row * steps + start) * size);
        });
        data.fill(0, ((rows - 1) * steps + Math.max(0, ...starts)) * size);
      }
      const units = recurrent.shape[0] as number;
      const lastRows = Float64Array.from({ length: states * (rows - 1) * units }, (_, at) => {
        const state = Math.floor(at / ((rows - 1) * units));
        return last[state * rows * units + (at % ((rows - 1) * units))] as number;
      });
      return [hidden, saved, lastRows].map((data, index) => ({ shape: (outputs[index] as TensorType).shape, data }));
    },
  };
  const backward: OpReference<A> = {
    op: sweep.gradient,
    reference: ({ inputs, outputs: [output], attributes }) => {
      const [saved, recurrent, dLast, schedule] = inputs as [
        ReferenceArray,
        ReferenceArray,
        ReferenceArray,
        ReferenceArray,
      ];
      const starts = startsOf(schedule);
      const [rows, steps] = saved.shape as [number, number];
      const width = gates * (recurrent.shape[0] as number);
      const [full] = backwardLoop(meaning, { kept: fullRows(saved, starts), recurrent, dLast }, attributes) as [
        Float64Array,
      ];
      const dX = new Float64Array(rows * steps * width);
      for (let row = 0; row < rows - 1; row++) {
        for (let step = 0; step < steps; step++) {
          // What rows want of a step of padding adds up in the padding's row.
          const target = step < (starts[row] as number) ? rows - 1 : row;
          for (let column = 0; column < width; column++) {
            const at = (target * steps + step) * width + column;
            dX[at] = (dX[at] as number) + (full[(row * steps + step) * width + column] as number);
          }
        }
      }
      return [{ shape: (output as TensorType).shape, data: dX }];
    },
  };
  return [forward, backward];
}
