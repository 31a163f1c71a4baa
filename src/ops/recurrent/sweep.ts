/**
 * What the sweeps of all recurrent layers share: a kernel that holds the loop over time, its shapes and its gradient. A layer's
 * family says which kernels run it; `sweep_reference.ts` holds the float64 loops that give it its meaning.
 */
import { DTypeError, ShapeError, ValueError } from "../../core/errors.ts";
import type { KernelCall, Operand, TensorType } from "../../core/kernel_call.ts";
import { formatShape, type Shape, sameShape } from "../../core/shape.ts";
import type { OpDefinition, Value } from "../../graph/operation.ts";
import { definePositionalOp as defineOp, type PositionalOp as Op } from "../../graph/positional.ts";
import { scheduleSize } from "../../kernels/recurrent/mask_schedule.ts";
import type { SweepReads, SweepUse, SweepWrites } from "../../kernels/recurrent/sweep_forward.ts";
import { scatterAdd } from "../data/gather.ts";
import { concat, shiftTime, slice } from "../data/movement.ts";
import { reshape } from "../data/reshape.ts";
import { where } from "../elementwise/arithmetic.ts";
import { matmul } from "../matmul/matmul.ts";
import { sum } from "../reduce/reduce.ts";
import { maskIn } from "./mask_schedule.ts";
import { maskedGradient } from "./recurrent_gradient.ts";

/** Which inputs a sweep has, beside what its family needs to know. */
export interface SweepParts {
  /** With ids, x is a table [V, G·H] and row (b, t) is x[ids[b, t]]. */
  readonly hasIds: boolean;
  /** A bias of the recurrent product. */
  readonly hasBias: boolean;
  readonly hasInitial: boolean;
  readonly hasMask: boolean;
}

/** Which gradients reach a backward sweep, and which inputs the forward sweep had. */
export interface SweepGradParts {
  readonly hasHidden: boolean;
  readonly hasLast: boolean;
  readonly hasMask: boolean;
  readonly hasInitial: boolean;
}

/** What a backward sweep reads. */
export interface SweepGradReads<T> {
  /** `saved`, or `hidden` where that is enough. */
  readonly kept: T;
  readonly recurrent: T;
  readonly dHidden?: T;
  readonly dLast?: T;
  readonly mask?: T;
  readonly initial?: T;
}

/** What a backward sweep writes. */
export interface SweepGradWrites<T> {
  /** The gradient of x, `[B, T, G·H]`. */
  readonly dX: T;
  readonly dInitial: T;
  /** The gradient of the recurrent product, `[B, T, G·H]`, where it is not that of x. */
  readonly dInner?: T;
}

/** A kind of recurrent layer. `A` are its own attributes, such as activations. */
export interface SweepFamily<A> {
  /** Of the op and of errors, such as "lstm". */
  readonly name: string;
  /** Gates, states, and numbers that each unit saves in a step (0: h is enough). */
  readonly gates: number;
  readonly states: number;
  readonly savedParts: number;
  /** True where the recurrent product's gradient is not that of x. */
  readonly separatesInner: boolean;
  /** True where the backward kernel reads the initial states. */
  readonly rereadsInitial: boolean;
  /** h before every step, `[B, T, H]`, from the sweep's outputs. */
  previous(outputs: SweepWrites<Value>, initial: Value | undefined): Value;
  forwardCall(reads: SweepReads, writes: SweepWrites, attributes: A, isUsed: SweepUse): KernelCall;
  backwardCall(reads: SweepGradReads<Operand>, writes: SweepGradWrites<Operand>, attributes: A): KernelCall;
}

/** The inputs of an operation by name, in their order; those absent have no key. */
function named<Name extends string, T>(
  inputs: readonly T[],
  names: readonly (readonly [Name, boolean])[],
): { readonly [N in Name]: T } {
  const rest = [...inputs];
  const present = names.filter(([, isPresent]) => isPresent).map(([name]) => [name, rest.shift() as T]);
  return Object.fromEntries(present) as { readonly [N in Name]: T };
}

/** A sweep's inputs by name. */
export function readsOf<T>(inputs: readonly T[], { hasIds, hasBias, hasInitial, hasMask }: SweepParts): SweepReads<T> {
  return named(inputs, [
    ["x", true],
    ["ids", hasIds],
    ["recurrent", true],
    ["bias", hasBias],
    ["initial", hasInitial],
    ["mask", hasMask],
  ]);
}

/** A backward sweep's inputs by name. */
export function gradReadsOf<T>(inputs: readonly T[], parts: SweepGradParts): SweepGradReads<T> {
  return named(inputs, [
    ["kept", true],
    ["recurrent", true],
    ["dHidden", parts.hasHidden],
    ["dLast", parts.hasLast],
    ["mask", parts.hasMask],
    ["initial", parts.hasInitial],
  ]);
}

function writesOf<T>(outputs: readonly T[], { savedParts }: SweepFamily<never>): SweepWrites<T> {
  return named(outputs, [
    ["hidden", true],
    ["saved", savedParts > 0],
    ["last", true],
  ]);
}

/** B, T and H. */
function sizes({ x, ids, recurrent }: SweepReads<TensorType>): [number, number, number] {
  const [batch, time] = (ids ?? x).shape as [number, number];
  return [batch, time, recurrent.shape[0] as number];
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

/** Every sweep by its definition, so that passes need not name them: a page carries the kernels of its own layers only. */
const sweeps = new WeakMap<OpDefinition, Op<SweepParts>>();

/** The sweep of this definition, if it is one. */
export function sweepOf(definition: OpDefinition): Op<SweepParts> | undefined {
  return sweeps.get(definition);
}

/** The op of a sweep, with what it was made of. */
export interface SweepOp<A> extends Op<A & SweepParts> {
  readonly family: SweepFamily<A>;
  readonly gradient: Op<A & SweepGradParts>;
}

/** Declares the sweep of a family. Outputs: hidden, saved (where there are `savedParts`), last. */
export function defineSweep<A>(family: SweepFamily<A>): SweepOp<A> {
  const { name, gates, states, savedParts } = family;
  const gradient = defineSweepGradient(family);
  const op = defineOp<A & SweepParts>({
    kind: "kernel",
    name: `${name}Sweep`,
    infer: ({ inputs, attributes }) => {
      const reads = readsOf(inputs, attributes);
      const [batch, time, units] = sizes(reads);
      const columns = gates * units;
      expectShape(name, "recurrent kernel", reads.recurrent, "float32", [units, columns]);
      const xShape = reads.ids ? [reads.x.shape[0] as number, columns] : [batch, time, columns];
      expectShape(name, "projected input", reads.x, "float32", xShape);
      expectShape(name, "ids", reads.ids, "int32", [batch, time]);
      expectShape(name, "recurrent bias", reads.bias, "float32", [columns]);
      expectShape(name, `initial state (${states === 2 ? "h, c" : "h"})`, reads.initial, "float32", [
        states,
        batch,
        units,
      ]);
      expectShape(name, "mask's schedule", reads.mask, "int32", [scheduleSize(batch, time)]);
      const shapes = [
        [batch, time, units],
        ...(savedParts > 0 ? [[batch, time, savedParts * units]] : []),
        [states, batch, units],
      ];
      return shapes.map((shape) => ({ shape, dtype: "float32" }));
    },
    vjp: ({ inputs, outputs, cotangents, attributes }) => {
      const reads = readsOf(inputs, attributes);
      const { x, ids, recurrent, bias, initial, mask } = reads;
      const writes = writesOf(outputs, family);
      const { hidden: dHidden, saved: dSaved, last: dLast } = writesOf(cotangents, family);
      if (dSaved != null) {
        throw new ValueError(`${name}: the saved gates are for looking at; a loss cannot depend on them`);
      }
      const [batch, time, units] = sizes(reads);
      const again = family.rereadsInitial ? initial : undefined;
      const present = [writes.saved ?? writes.hidden, recurrent, dHidden, dLast, mask, again];
      const [dX, dInitial, dInner = dX] = gradient(
        present.filter((value) => value != null),
        {
          ...attributes,
          hasHidden: dHidden != null,
          hasLast: dLast != null,
          hasMask: mask !== undefined,
          hasInitial: again !== undefined,
        },
      ) as [Value, Value, Value?];
      const rows = batch * time;
      const dRecurrent =
        mask !== undefined && (gates * units) % 4 === 0
          ? maskedGradient(writes.hidden, dInner, mask, initial)
          : matmul(reshape(family.previous(writes, initial), [rows, units]), reshape(dInner, [rows, gates * units]), {
              transposeA: true,
            });
      return [
        // Masked steps have no gradient: an id that stands for no row lets the scatter pass them by.
        ids === undefined ? dX : scatterAdd(dX, mask ? where(maskIn(mask, ids), ids, -1) : ids, x.shape[0] as number),
        ...(ids === undefined ? [] : [null]),
        dRecurrent,
        ...(bias === undefined ? [] : [sum(dInner, { axes: [0, 1] })]),
        ...(initial === undefined ? [] : [dInitial]),
        ...(mask === undefined ? [] : [null]),
      ];
    },
    lower: ({ inputs, outputs, isUsed, attributes }) => {
      const used = writesOf(isUsed, family);
      return [
        family.forwardCall(readsOf(inputs, attributes), writesOf(outputs, family), attributes, {
          hidden: used.hidden,
          saved: used.saved === true,
        }),
      ];
    },
  });
  sweeps.set(op.definition, op as Op<SweepParts>);
  return Object.assign(op, { family, gradient });
}

function defineSweepGradient<A>(family: SweepFamily<A>): Op<A & SweepGradParts> {
  const { name, gates, states } = family;
  return defineOp<A & SweepGradParts>({
    kind: "kernel",
    name: `${name}SweepGrad`,
    infer: ({ inputs: [kept, recurrent] }) => {
      const [batch, time] = (kept as TensorType).shape as [number, number];
      const units = (recurrent as TensorType).shape[0] as number;
      const dX: TensorType = { shape: [batch, time, gates * units], dtype: "float32" };
      return [dX, { shape: [states, batch, units], dtype: "float32" }, ...(family.separatesInner ? [dX] : [])];
    },
    vjp: () => {
      throw new ValueError(
        `${name}: second derivatives of the sweep are not available; write the loop over time with ops instead`,
      );
    },
    lower: ({ inputs, outputs, attributes }) => {
      const [dX, dInitial, dInner] = outputs as [Operand, Operand, Operand?];
      const writes = { dX, dInitial, ...(dInner === undefined ? {} : { dInner }) };
      return [family.backwardCall(gradReadsOf(inputs, attributes), writes, attributes)];
    },
  });
}

/** h before every step, from h after every step and the initial states `[S, B, H]`. */
export function previousHidden(hidden: Value, initial: Value | undefined): Value {
  if (initial === undefined) return shiftTime(hidden);
  const [batch, time, units] = hidden.shape as [number, number, number];
  const first = reshape(slice(initial, [0, 0, 0], [1, batch, units]), [batch, 1, units]);
  return time === 1 ? first : concat([first, slice(hidden, [0, 0, 0], [batch, time - 1, units])], 1);
}

/** Applies a sweep op to x and what else is there. */
export function applySweep<A>(
  op: Op<A & SweepParts>,
  { x, recurrent, bias, initial, mask }: Omit<SweepReads<Value>, "ids">,
  attributes: A,
): readonly Value[] {
  const inputs = [x, recurrent, bias, initial, mask].filter((value) => value !== undefined);
  return op(inputs, {
    ...attributes,
    hasIds: false,
    hasBias: bias !== undefined,
    hasInitial: initial !== undefined,
    hasMask: mask !== undefined,
  });
}
