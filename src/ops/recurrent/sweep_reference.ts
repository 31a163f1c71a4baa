/** Sweeps over time in float64 loops: the reference of the kernels. */
import { addAt, at } from "../../core/at.ts";
import type { TensorType } from "../../core/kernel_call.ts";
import { dims, type Shape, sizeOf } from "../../core/shape.ts";
import { type OpReference, type ReferenceArray, referenceFor } from "../../graph/op.ts";
import type { SweepReads } from "../../kernels/recurrent/sweep.ts";
import { scheduledMask } from "./mask_schedule.ts";
import { startsOf } from "./recurrent_gradient.ts";
import type { SweepGradInputs, SweepOp } from "./sweep.ts";

/** One unit in one timestep, for the float64 loops. */
export interface UnitStep {
  /** x and h · U + bias, for each gate. */
  readonly x: readonly number[];
  readonly inner: readonly number[];
  /** The weights that the unit has of its own. */
  readonly unitWeights: readonly number[];
  /** The unit's states before the timestep; h first. */
  readonly states: readonly number[];
  /** At a masked timestep the states stay as they are. */
  readonly isMasked: boolean;
}

/** The way back through one unit's timestep. */
export interface UnitStepBack {
  /** What the timestep kept (`savedParts` numbers, or h alone), and what the one before it kept. */
  readonly kept: readonly number[];
  readonly keptBefore: readonly number[] | undefined;
  readonly unitWeights: readonly number[];
  /** The unit's states before the first timestep. */
  readonly initial: readonly number[];
  /** The gradient of the states after the timestep. */
  readonly dStates: readonly number[];
}

/** A cell in float64: what one unit does in one timestep, and the way back through it. */
export interface CellReference<A> {
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

/** The outputs of a forward sweep; `saved` is empty where the family saves nothing. */
export interface ForwardArrays {
  readonly hidden: Float64Array;
  readonly saved: Float64Array;
  readonly last: Float64Array;
}

/** Runs a cell over time. The mask is the plain one, `[B, T]`. */
export function forwardLoop<A>(
  { op: { family }, step: stepOf }: CellReference<A>,
  { x, ids, recurrent, bias, unitWeights, initial, mask }: SweepReads<ReferenceArray>,
  attributes: A,
): ForwardArrays {
  const { gates, states, savedParts } = family;
  const { shape } = ids ?? x;
  const [batch, time] = [at(shape, 0), at(shape, 1)];
  const units = at(recurrent.shape, 0);
  const columns = gates * units;
  const hidden = new Float64Array(batch * time * units);
  const saved = new Float64Array(batch * time * savedParts * units);
  const last = initial === undefined ? new Float64Array(states * batch * units) : Float64Array.from(initial.data);
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < time; t++) {
      const row = b * time + t;
      const source = ids === undefined ? row : at(ids.data, row);
      const isMasked = mask !== undefined && mask.data[row] === 0;
      const before = last.slice(b * units, (b + 1) * units);
      for (let u = 0; u < units; u++) {
        const inner = range(gates).map((gate) => {
          let total = bias?.data[gate * units + u] ?? 0;
          for (let k = 0; k < units; k++) total += at(before, k) * at(recurrent.data, k * columns + gate * units + u);
          return total;
        });
        const place = (state: number) => (state * batch + b) * units + u;
        const given = range(gates).map((gate) => x.data[source * columns + gate * units + u] ?? 0);
        const step = stepOf(
          {
            x: given,
            inner,
            unitWeights: weightsOf(unitWeights, u),
            states: range(states).map((state) => at(last, place(state))),
            isMasked,
          },
          attributes,
        );
        step.states.forEach((value, state) => {
          last[place(state)] = value;
        });
        step.saved.forEach((value, part) => {
          saved[(row * savedParts + part) * units + u] = value;
        });
        hidden[row * units + u] = at(last, place(0));
      }
    }
  }
  return { hidden, saved, last };
}

/** The outputs of a backward sweep. */
export interface BackwardArrays {
  readonly dX: Float64Array;
  readonly dInitial: Float64Array;
  readonly dInner: Float64Array;
}

/** Goes back through a cell's time. The mask is the plain one, `[B, T]`. */
export function backwardLoop<A>(
  { op: { family }, stepBack }: CellReference<A>,
  { kept, recurrent, unitWeights, dHidden, dLast, mask, initial }: SweepGradInputs<ReferenceArray>,
  attributes: A,
): BackwardArrays {
  const { gates, states } = family;
  const [batch, time, width] = dims(kept.shape, 3);
  const units = at(recurrent.shape, 0);
  const columns = gates * units;
  const parts = width / units;
  const dX = new Float64Array(batch * time * columns);
  const dInner = new Float64Array(batch * time * columns);
  const dStates = dLast === undefined ? new Float64Array(states * batch * units) : Float64Array.from(dLast.data);
  const keptAt = (row: number, u: number) =>
    range(parts).map((part) => at(kept.data, (row * parts + part) * units + u));
  for (let b = 0; b < batch; b++) {
    const place = (state: number, u: number) => (state * batch + b) * units + u;
    for (let t = time - 1; t >= 0; t--) {
      const row = b * time + t;
      for (let u = 0; u < units; u++) addAt(dStates, place(0, u), dHidden?.data[row * units + u] ?? 0);
      if (mask !== undefined && mask.data[row] === 0) continue;
      for (let u = 0; u < units; u++) {
        const unit = {
          kept: keptAt(row, u),
          keptBefore: t > 0 ? keptAt(row - 1, u) : undefined,
          unitWeights: weightsOf(unitWeights, u),
          initial: range(states).map((state) => initial?.data[place(state, u)] ?? 0),
          dStates: range(states).map((state) => at(dStates, place(state, u))),
        };
        const back = stepBack(unit, attributes);
        for (let gate = 0; gate < gates; gate++) {
          dX[row * columns + gate * units + u] = at(back.dX, gate);
          dInner[row * columns + gate * units + u] = at(back.dInner, gate);
        }
        back.dStates.forEach((value, state) => {
          dStates[place(state, u)] = value;
        });
      }
      for (let k = 0; k < units; k++) {
        let total = at(dStates, place(0, k));
        for (let column = 0; column < columns; column++) {
          total += at(dInner, row * columns + column) * at(recurrent.data, k * columns + column);
        }
        dStates[place(0, k)] = total;
      }
    }
  }
  return { dX, dInitial: dStates, dInner };
}

/** Unit u's weights in `[W, H]`. */
function weightsOf(weights: ReferenceArray | undefined, u: number): number[] {
  if (weights === undefined) return [];
  const [count, units] = dims(weights.shape, 2);
  return range(count).map((which) => at(weights.data, which * units + u));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Rows `[B, T, D]` of rows that share their padding, `[B + 1, T, D]`: before its start each has the padding's. */
function ownRows({ shape, data }: ReferenceArray, starts: readonly number[]): ReferenceArray {
  const [rows, steps, width] = dims(shape, 3);
  const full = data.slice(0, (rows - 1) * steps * width);
  const padding = data.subarray((rows - 1) * steps * width);
  starts.forEach((start, row) => {
    full.set(padding.subarray(0, start * width), row * steps * width);
  });
  return { shape: [rows - 1, steps, width], data: full };
}

/** The way back: what rows want of a timestep of padding adds up in the padding's row. */
function sharedSums(full: Float64Array, shape: Shape, starts: readonly number[]): Float64Array {
  const [rows, steps, width] = dims(shape, 3);
  const sums = new Float64Array(rows * steps * width);
  starts.forEach((start, row) => {
    for (let step = 0; step < steps; step++) {
      const target = step < start ? rows - 1 : row;
      for (let column = 0; column < width; column++) {
        addAt(sums, (target * steps + step) * width + column, at(full, (row * steps + step) * width + column));
      }
    }
  });
  return sums;
}

/** A sweep and its gradient in float64. */
export function sweepReferences<A>(cell: CellReference<A>): readonly OpReference[] {
  const forward = referenceFor(cell.op, ({ inputs, outputs, attributes }) => {
    const [batch, time] = dims(outputs.hidden.shape, 3);
    const mask = inputs.mask && scheduledMask(inputs.mask, batch, time);
    const { hidden, saved, last } = forwardLoop(cell, { ...inputs, mask }, attributes);
    return {
      hidden: { shape: outputs.hidden.shape, data: hidden },
      saved: outputs.saved && { shape: outputs.saved.shape, data: saved },
      last: { shape: outputs.last.shape, data: last },
    };
  });
  const backward = referenceFor(cell.op.gradient, ({ inputs, outputs, attributes }) => {
    const [batch, time] = dims(outputs.dX.shape, 3);
    const mask = inputs.mask && scheduledMask(inputs.mask, batch, time);
    const starts = inputs.schedule && startsOf(inputs.schedule);
    const kept = starts ? ownRows(inputs.kept, starts) : inputs.kept;
    const { dX, dInitial, dInner } = backwardLoop(cell, { ...inputs, kept, mask }, attributes);
    const given = ({ shape }: TensorType, data: Float64Array) => ({
      shape,
      data: starts ? sharedSums(data, shape, starts) : data,
    });
    return {
      dX: given(outputs.dX, dX),
      // Of rows that share their padding nobody asks for it.
      dInitial: {
        shape: outputs.dInitial.shape,
        data: starts ? new Float64Array(sizeOf(outputs.dInitial.shape)) : dInitial,
      },
      dInner: outputs.dInner && given(outputs.dInner, dInner),
    };
  });
  return [forward, backward];
}
