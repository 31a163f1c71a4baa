/**
 * What the sweeps of all recurrent layers share: a kernel that holds the loop over time, its shapes and its gradient. A
 * layer's family says which kernels run it; `sweep_reference.ts` holds the float64 loops.
 */
import { at } from "../../core/at.ts";
import { DTypeError, ShapeError, ValueError } from "../../core/errors.ts";
import type { KernelCall, Operand, TensorType } from "../../core/kernel_call.ts";
import { dims, formatShape, type Shape, sameShape } from "../../core/shape.ts";
import { defineOp, type Op } from "../../graph/op.ts";
import type { OpDefinition, TensorsOf, Value } from "../../graph/operation.ts";
import type { RecurrentActivations } from "../../kernels/elementwise/activations.ts";
import type { RecurrentCell } from "../../kernels/recurrent/cells.ts";
import { scheduleSize } from "../../kernels/recurrent/row_order.ts";
import {
  type SweepReads,
  type SweepUse,
  type SweepWrites,
  sweepBackwardCall,
  sweepForwardCall,
} from "../../kernels/recurrent/sweep.ts";
import { scatterAdd } from "../data/gather.ts";
import { concat, reshape, shiftTime, slice } from "../data/movement.ts";
import { minimum, where } from "../elementwise/arithmetic.ts";
import { matmul } from "../matmul/matmul.ts";
import { sum } from "../reduce/reduce.ts";
import { maskIn } from "./mask_schedule.ts";
import { maskedGradient } from "./recurrent_gradient.ts";

/** What a sweep over B rows and T timesteps takes, for a layer of G gates, S states and H units. */
export type SweepInputs = Omit<SweepReads<Value>, "schedule">;

/** What it gives; `saved` where the family has `savedParts`. */
export type SweepOutputs = SweepWrites<Value>;

/** What a backward sweep takes. */
export interface SweepGradInputs<T = Value> {
  /** `saved`, or `hidden` where that is enough. */
  readonly kept: T;
  readonly recurrent: T;
  readonly unitWeights?: T | undefined;
  /** The gradients of hidden and last; zeros when absent. */
  readonly dHidden?: T | undefined;
  readonly dLast?: T | undefined;
  readonly mask?: T | undefined;
  readonly initial?: T | undefined;
  /** Where rows share their padding; `kept`, and what the sweep gives, have a row B then, the padding's own. */
  readonly schedule?: T | undefined;
}

/** What a backward sweep gives. */
export interface SweepGradOutputs<T = Value> {
  /** The gradient of x, `[B, T, G·H]`. */
  readonly dX: T;
  readonly dInitial: T;
  /** The gradient of the recurrent product, `[B, T, G·H]`, where it is not that of x. */
  readonly dInner?: T | undefined;
}

/** What the gradient of the units' own weights is computed from. */
export interface UnitGradientInputs {
  /** The sweep's outputs, and its initial states `[S, B, H]`. */
  readonly outputs: SweepOutputs;
  readonly initial: Value | undefined;
  /** The gradient of x, `[B, T, G·H]`. */
  readonly dX: Value;
  /**
   * Where rows share their padding: the ids of the padded sweep, int32 `[B + 1, T]`. The tensors have a row B then, the
   * padding's own, and are undefined where an id is -1.
   */
  readonly ownIds?: Value;
}

/** Weights that each unit has of its own, beside the recurrent kernel: peepholes are such. */
export interface UnitWeights {
  /** How many: at most four. */
  readonly count: number;
  /** Their gradient, `[count, H]`. */
  gradient(inputs: UnitGradientInputs): Value;
}

/** A kind of recurrent layer. `A` are its own attributes, such as activations. */
export interface SweepFamily<A> {
  /** Of the op and of errors, such as "lstm". */
  readonly name: string;
  /** Gates, states, and numbers that each unit saves in a timestep (0: h is enough). */
  readonly gates: number;
  readonly states: number;
  readonly savedParts: number;
  /** True where the recurrent product's gradient is not that of x. */
  readonly separatesInner: boolean;
  /** True where the backward kernel reads the initial states. */
  readonly rereadsInitial: boolean;
  /** Absent where units have no weights of their own. */
  readonly unitWeights?: UnitWeights | undefined;
  /** h before every timestep, `[B, T, H]`, from the sweep's outputs. */
  previous(outputs: SweepOutputs, initial: Value | undefined): Value;
  forwardCall(reads: SweepReads, writes: SweepWrites, attributes: A, isUsed: SweepUse): KernelCall;
  backwardCall(reads: SweepGradInputs<Operand>, writes: SweepGradOutputs<Operand>, attributes: A): KernelCall;
}

/**
 * The family of a cell with gates: one pair of kernels runs them all. `own` says what the kernel's description of the
 * cell does not, and another name for the op where it differs from the cell's.
 */
export function gatedFamily(
  cell: RecurrentCell,
  own: Pick<SweepFamily<RecurrentActivations>, "previous" | "unitWeights"> & { readonly name?: string },
): SweepFamily<RecurrentActivations> {
  const { name, gates, states, saved, separatesInner } = cell;
  return {
    name,
    gates,
    states,
    savedParts: saved.length,
    separatesInner,
    rereadsInitial: states === 2,
    ...own,
    forwardCall: (...call) => sweepForwardCall(cell, ...call),
    backwardCall: ({ kept, ...reads }, writes, attributes) =>
      sweepBackwardCall(cell, { saved: kept, ...reads }, writes, attributes),
  };
}

/** B, T and H. */
function sizes({ x, ids, recurrent }: TensorsOf<SweepInputs, TensorType>): readonly [number, number, number] {
  const { shape } = ids ?? x;
  return [at(shape, 0), at(shape, 1), at(recurrent.shape, 0)];
}

function expectShape(name: string, what: string, type: TensorType | undefined, dtype: string, shape: Shape): void {
  if (type === undefined) return;
  if (type.dtype !== dtype) {
    throw new DTypeError(`${name}: ${what} is ${type.dtype}; expected ${dtype}`, { dtype: type.dtype });
  }
  if (!sameShape(type.shape, shape)) {
    throw new ShapeError(`${name}: ${what} is ${formatShape(type.shape)}; expected ${formatShape(shape)}`, {
      what,
      shape: type.shape,
      expected: shape,
    });
  }
}

/**
 * Every sweep by its definition, so that passes need not name them: a page carries the kernels of its own layers only.
 */
const sweeps = new WeakMap<OpDefinition, SweepOp<unknown>>();

/** The sweep of this definition, if it is one. */
export function sweepOf(definition: OpDefinition): SweepOp<unknown> | undefined {
  return sweeps.get(definition);
}

/** What a sweep takes whose rows share their padding. */
export interface PaddedInputs extends Pick<SweepInputs, "recurrent" | "bias" | "unitWeights"> {
  /** f32 `[V, G·H]`. */
  readonly table: Value;
  /** int32 `[B + 1, T]`: ids from each row's start on (-1 before), and the padding's own row B. */
  readonly ownIds: Value;
  /** int32 `[2, B]`: the rows in the order of their starts, then the starts: leading zeros, at most T - 1. */
  readonly schedule: Value;
}

/** A sweep whose rows share their padding. */
export interface PaddedOps<A> {
  /** The last states of a sweep over a table's rows, by ids int32 `[B, T]`. */
  last(inputs: Omit<PaddedInputs, "ownIds" | "schedule"> & { readonly ids: Value }, attributes: A): Value;
  readonly forward: Op<PaddedInputs, A, SweepOutputs>;
}

/** The op of a backward sweep. */
export type SweepGradOp<A> = Op<SweepGradInputs, A, SweepGradOutputs>;

/** The op of a sweep, with what it was made of. */
export interface SweepOp<A> extends Op<SweepInputs, A, SweepOutputs> {
  readonly family: SweepFamily<A>;
  readonly gradient: SweepGradOp<A>;
  /** The sweep whose rows share their padding, where the family's kernels allow it. */
  readonly padded?: PaddedOps<A> | undefined;
}

/** Declares the sweep of a family, and where its kernels allow it, the one whose rows share their padding. */
export function defineSweep<A>(
  family: SweepFamily<A>,
  definePadded?: (family: SweepFamily<A>, gradient: SweepGradOp<A>) => PaddedOps<A>,
): SweepOp<A> {
  const { name, gates, states, savedParts } = family;
  const gradient = defineSweepGradient(family);
  const op = defineOp<SweepInputs, A, SweepOutputs>({
    kind: "kernel",
    name: `${name}Sweep`,
    infer: ({ inputs }) => {
      const { x, ids, recurrent, bias, unitWeights, initial, mask } = inputs;
      const [batch, time, units] = sizes(inputs);
      const columns = gates * units;
      expectShape(name, "recurrent kernel", recurrent, "float32", [units, columns]);
      const xShape = ids ? [at(x.shape, 0), columns] : [batch, time, columns];
      expectShape(name, "projected input", x, "float32", xShape);
      expectShape(name, "ids", ids, "int32", [batch, time]);
      expectShape(name, "recurrent bias", bias, "float32", [columns]);
      expectShape(name, "unit weights", unitWeights, "float32", [family.unitWeights?.count ?? 0, units]);
      const statesShape = [states, batch, units];
      expectShape(name, `initial state (${states === 2 ? "h, c" : "h"})`, initial, "float32", statesShape);
      if (mask) expectShape(name, "mask's schedule", mask, "int32", [scheduleSize(batch, time)]);
      return {
        hidden: { shape: [batch, time, units], dtype: "float32" },
        saved: savedParts > 0 ? { shape: [batch, time, savedParts * units], dtype: "float32" } : undefined,
        last: { shape: statesShape, dtype: "float32" },
      };
    },
    vjp: ({ inputs, outputs, cotangents, attributes }) => {
      const { x, ids, recurrent, bias, unitWeights, initial, mask } = inputs;
      if (cotangents.saved !== undefined) {
        throw new ValueError(`${name}: the saved gates are for looking at; a loss cannot depend on them`);
      }
      const [batch, time, units] = sizes(inputs);
      const { dX, dInitial, dInner } = gradient(
        {
          kept: outputs.saved ?? outputs.hidden,
          recurrent,
          unitWeights,
          dHidden: cotangents.hidden,
          dLast: cotangents.last,
          mask,
          initial: family.rereadsInitial ? initial : undefined,
        },
        attributes,
      );
      const dProduct = dInner ?? dX;
      const rows = batch * time;
      const dRecurrent =
        mask !== undefined && (gates * units) % 4 === 0
          ? maskedGradient(outputs.hidden, dProduct, mask, initial)
          : matmul(
              reshape(family.previous(outputs, initial), [rows, units]),
              reshape(dProduct, [rows, gates * units]),
              {
                transposeA: true,
              },
            );
      // Masked timesteps have no gradient: an id that stands for no row lets the scatter pass them by.
      const dTable = ids && scatterAdd(dX, mask ? where(maskIn(mask, ids), ids, -1) : ids, at(x.shape, 0));
      return {
        x: dTable ?? dX,
        recurrent: dRecurrent,
        bias: bias && sumSteps(dProduct),
        unitWeights: unitWeights && family.unitWeights?.gradient({ outputs, initial, dX }),
        initial: initial && dInitial,
      };
    },
    lower: ({ inputs, outputs, isUsed, attributes }) => [
      family.forwardCall(inputs, outputs, attributes, { hidden: isUsed.hidden, saved: isUsed.saved === true }),
    ],
  });
  const sweep: SweepOp<A> = Object.assign(op, { family, gradient, padded: definePadded?.(family, gradient) });
  // Passes hand back the attributes that they were given.
  sweeps.set(op.definition, sweep as SweepOp<unknown>);
  return sweep;
}

function defineSweepGradient<A>(family: SweepFamily<A>): SweepGradOp<A> {
  const { name, gates, states } = family;
  return defineOp<SweepGradInputs, A, SweepGradOutputs>({
    kind: "kernel",
    name: `${name}SweepGrad`,
    infer: ({ inputs: { kept, recurrent } }) => {
      const [batch, time] = dims(kept.shape, 3);
      const units = at(recurrent.shape, 0);
      const dX: TensorType = { shape: [batch, time, gates * units], dtype: "float32" };
      return {
        dX,
        dInitial: { shape: [states, batch, units], dtype: "float32" },
        dInner: family.separatesInner ? dX : undefined,
      };
    },
    vjp: () => {
      throw new ValueError(
        `${name}: second derivatives of the sweep are not available; write the loop over time with ops instead`,
      );
    },
    lower: ({ inputs, outputs, attributes }) => [family.backwardCall(inputs, outputs, attributes)],
  });
}

/**
 * The sum over rows and timesteps, `[B, T, D]` -> `[D]`. With the ids of a padded sweep, int32 `[B, T]`, over those
 * timesteps that a row runs itself: what others hold is not read.
 */
export function sumSteps(x: Value, ownIds?: Value): Value {
  return ownIds === undefined
    ? sum(x, { axes: [0, 1] })
    : reshape(scatterAdd(x, minimum(ownIds, 0), 1), [at(x.shape, 2)]);
}

/**
 * A state before every timestep, from the state after every timestep and the initial states `[S, B, H]`, of which it is
 * number `index` (0: h).
 */
export function previousState(after: Value, initial: Value | undefined, index = 0): Value {
  if (initial === undefined) return shiftTime(after);
  const [batch, time, units] = dims(after.shape, 3);
  const first = reshape(slice(initial, [index, 0, 0], [1, batch, units]), [batch, 1, units]);
  return time === 1 ? first : concat([first, slice(after, [0, 0, 0], [batch, time - 1, units])], 1);
}

/** The outputs of a sweep whose family saves its gates. */
export function withSaved({ hidden, saved, last }: SweepOutputs) {
  if (saved === undefined) throw new ValueError("the sweep saves nothing but its states");
  return { hidden, saved, last };
}
