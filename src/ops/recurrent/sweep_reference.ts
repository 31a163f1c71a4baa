/** Sweeps over time in float64 loops: what the kernels mean. */
import type { TensorType } from "../../core/kernel_call.ts";
import type { Shape } from "../../core/shape.ts";
import type { ReferenceArray } from "../../graph/op.ts";
import type { PositionalReference as OpReference } from "../../graph/positional.ts";
import type { SweepReads } from "../../kernels/recurrent/sweep_forward.ts";
import { scheduledMask } from "./mask_schedule.ts";
import {
  gradReadsOf,
  readsOf,
  type SweepGradParts,
  type SweepGradReads,
  type SweepOp,
  type SweepParts,
} from "./sweep.ts";

/** One unit in one step, for the float64 loops. */
export interface UnitStep {
  /** x and h · U + bias, for each gate. */
  readonly x: readonly number[];
  readonly inner: readonly number[];
  /** The unit's states before the step; h first. */
  readonly states: readonly number[];
  /** At a masked step the states stay as they are. */
  readonly isMasked: boolean;
}

/** The way back through one unit's step. */
export interface UnitStepBack {
  /** What the step kept (`savedParts` numbers, or h alone), and what the step before it kept. */
  readonly kept: readonly number[];
  readonly keptBefore: readonly number[] | undefined;
  /** The unit's states before the first step. */
  readonly initial: readonly number[];
  /** The gradient of the states after the step. */
  readonly dStates: readonly number[];
}

/** What a sweep means: what one unit does in one step, and the way back through it. */
export interface SweepMeaning<A> {
  readonly op: SweepOp<A>;
  readonly step: (
    unit: UnitStep,
    attributes: A,
  ) => { readonly states: readonly number[]; readonly saved: readonly number[] };
  readonly stepBack: (
    unit: UnitStepBack,
    attributes: A,
  ) => { readonly dX: readonly number[]; readonly dInner: readonly number[]; readonly dStates: readonly number[] };
}

/** hidden, saved (where there are `savedParts`), last. */
export function forwardLoop<A>(
  { op: { family }, step: stepOf }: SweepMeaning<A>,
  { x, ids, recurrent, bias, initial, mask }: SweepReads<ReferenceArray>,
  attributes: A,
): Float64Array[] {
  const { gates, states, savedParts } = family;
  const [batch, time] = (ids ?? x).shape as [number, number];
  const units = recurrent.shape[0] as number;
  const columns = gates * units;
  const hidden = new Float64Array(batch * time * units);
  const saved = new Float64Array(batch * time * savedParts * units);
  const last = initial === undefined ? new Float64Array(states * batch * units) : Float64Array.from(initial.data);
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < time; t++) {
      const row = b * time + t;
      const source = ids === undefined ? row : (ids.data[row] as number);
      const isMasked = mask !== undefined && mask.data[row] === 0;
      const before = last.slice(b * units, (b + 1) * units);
      for (let u = 0; u < units; u++) {
        const inner = range(gates).map((gate) => {
          let total = bias?.data[gate * units + u] ?? 0;
          for (let k = 0; k < units; k++) {
            total += (before[k] as number) * (recurrent.data[k * columns + gate * units + u] as number);
          }
          return total;
        });
        const at = (state: number) => (state * batch + b) * units + u;
        const step = stepOf(
          {
            x: range(gates).map((gate) => x.data[source * columns + gate * units + u] ?? 0),
            inner,
            states: range(states).map((state) => last[at(state)] as number),
            isMasked,
          },
          attributes,
        );
        step.states.forEach((value, state) => {
          last[at(state)] = value;
        });
        step.saved.forEach((value, part) => {
          saved[(row * savedParts + part) * units + u] = value;
        });
        hidden[row * units + u] = last[at(0)] as number;
      }
    }
  }
  return savedParts > 0 ? [hidden, saved, last] : [hidden, last];
}

/** dX, dInitial, and dInner where the family separates it. */
export function backwardLoop<A>(
  { op: { family }, stepBack }: SweepMeaning<A>,
  { kept, recurrent, dHidden, dLast, mask, initial }: SweepGradReads<ReferenceArray>,
  attributes: A,
): Float64Array[] {
  const { gates, states } = family;
  const [batch, time] = kept.shape as [number, number];
  const units = recurrent.shape[0] as number;
  const columns = gates * units;
  const parts = (kept.shape[2] as number) / units;
  const dX = new Float64Array(batch * time * columns);
  const dInner = new Float64Array(batch * time * columns);
  const dStates = dLast === undefined ? new Float64Array(states * batch * units) : Float64Array.from(dLast.data);
  const keptAt = (row: number, u: number) =>
    range(parts).map((part) => kept.data[(row * parts + part) * units + u] as number);
  for (let b = 0; b < batch; b++) {
    for (let t = time - 1; t >= 0; t--) {
      const row = b * time + t;
      const at = (state: number, u: number) => (state * batch + b) * units + u;
      for (let u = 0; u < units; u++) {
        dStates[at(0, u)] = (dStates[at(0, u)] as number) + (dHidden?.data[row * units + u] ?? 0);
      }
      if (mask !== undefined && mask.data[row] === 0) continue;
      for (let u = 0; u < units; u++) {
        const back = stepBack(
          {
            kept: keptAt(row, u),
            keptBefore: t > 0 ? keptAt(row - 1, u) : undefined,
            initial: range(states).map((state) => initial?.data[at(state, u)] ?? 0),
            dStates: range(states).map((state) => dStates[at(state, u)] as number),
          },
          attributes,
        );
        for (let gate = 0; gate < gates; gate++) {
          dX[row * columns + gate * units + u] = back.dX[gate] as number;
          dInner[row * columns + gate * units + u] = back.dInner[gate] as number;
        }
        back.dStates.forEach((value, state) => {
          dStates[at(state, u)] = value;
        });
      }
      for (let k = 0; k < units; k++) {
        let total = dStates[at(0, k)] as number;
        for (let column = 0; column < columns; column++) {
          total += (dInner[row * columns + column] as number) * (recurrent.data[k * columns + column] as number);
        }
        dStates[at(0, k)] = total;
      }
    }
  }
  return family.separatesInner ? [dX, dStates, dInner] : [dX, dStates];
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** What the reference reads: the plain mask of `[B, T, …]` where the kernels take its schedule. */
function withMask<R extends { readonly mask?: ReferenceArray | undefined }>(reads: R, [batch, time]: Shape): R {
  if (reads.mask === undefined) return reads;
  return { ...reads, mask: scheduledMask(reads.mask, batch as number, time as number) };
}

/** A sweep and its gradient in float64. */
export function sweepReferences<A>(meaning: SweepMeaning<A>): readonly OpReference[] {
  const like = (outputs: readonly TensorType[], arrays: readonly Float64Array[]) =>
    arrays.map((data, index) => ({ shape: (outputs[index] as TensorType).shape, data }));
  const forward: OpReference<A & SweepParts> = {
    op: meaning.op,
    reference: ({ inputs, outputs, attributes }) => {
      const reads = withMask(readsOf(inputs, attributes), (outputs[0] as TensorType).shape);
      return like(outputs, forwardLoop(meaning, reads, attributes));
    },
  };
  const backward: OpReference<A & SweepGradParts> = {
    op: meaning.op.gradient,
    reference: ({ inputs, outputs, attributes }) => {
      const reads = withMask(gradReadsOf(inputs, attributes), (outputs[0] as TensorType).shape);
      return like(outputs, backwardLoop(meaning, reads, attributes));
    },
  };
  return [forward, backward];
}
