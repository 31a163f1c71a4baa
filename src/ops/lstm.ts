/**
 * The LSTM sweep over time and its gradient (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).
 * z_t = x_t + h_{t-1}·U;  i, f, o = σ(z_i, z_f, z_o);  g = tanh(z_c);  c_t = f·c_{t-1} + i·g;  h_t = o·tanh(c_t).
 * The loop over time is inside one kernel: `x` holds the input's projection for all timesteps, made by one matmul.
 */
import { DTypeError, ShapeError, ValueError } from "../core/errors.ts";
import type { Operand, TensorType } from "../core/kernel_call.ts";
import { formatShape, type Shape, sameShape } from "../core/shape.ts";
import { defineOp, type ReferenceArray } from "../graph/op.ts";
import type { Value } from "../graph/operation.ts";
import type { RecurrentActivation } from "../kernels/activations.ts";
import { lstmBackwardCall } from "../kernels/lstm_backward.ts";
import { lstmForwardCall } from "../kernels/lstm_forward.ts";
import { activate, slopeFromOutput } from "./activation_reference.ts";
import { scatterAdd } from "./gather.ts";
import { matmul } from "./matmul.ts";
import { concat, shiftTime, slice } from "./movement.ts";
import { reshape } from "./reshape.ts";

/** The two activations of an LSTM: of candidate and cell, and of the gates. */
export interface LstmActivations {
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
}

/** Which inputs a sweep has, beside its activations. */
export interface SweepAttributes extends LstmActivations {
  /** With ids, x is a table [V, 4H] and row (b, t) is x[ids[b, t]]. */
  readonly hasIds: boolean;
  readonly hasInitial: boolean;
  readonly hasMask: boolean;
}

interface SweepInputs<T> {
  readonly x: T;
  readonly ids?: T;
  readonly recurrent: T;
  readonly initial?: T;
  readonly mask?: T;
}

function unpack<T>(inputs: readonly T[], { hasIds, hasInitial, hasMask }: SweepAttributes): SweepInputs<T> {
  const rest = [...inputs];
  const take = () => rest.shift() as T;
  return {
    x: take(),
    ...(hasIds ? { ids: take() } : {}),
    recurrent: take(),
    ...(hasInitial ? { initial: take() } : {}),
    ...(hasMask ? { mask: take() } : {}),
  };
}

function sizes({ x, ids, recurrent }: SweepInputs<TensorType | ReferenceArray>): [number, number, number] {
  const [batch, time] = (ids ?? x).shape as [number, number];
  return [batch, time, recurrent.shape[0] as number];
}

function expectShape(what: string, type: TensorType | undefined, dtype: string, shape: Shape): void {
  if (type === undefined) return;
  if (type.dtype !== dtype)
    throw new DTypeError(`lstm: ${what} is ${type.dtype}; expected ${dtype}`, { dtype: type.dtype });
  if (!sameShape(type.shape, shape)) {
    throw new ShapeError(`lstm: ${what} is ${formatShape(type.shape)}; expected ${formatShape(shape)}`, {
      what,
      shape: type.shape,
      expected: shape,
    });
  }
}

export const lstmSweepOp = defineOp<SweepAttributes>({
  kind: "kernel",
  name: "lstmSweep",
  infer: ({ inputs, attributes }) => {
    const operands = unpack(inputs, attributes);
    const [batch, time, units] = sizes(operands);
    expectShape("recurrent kernel", operands.recurrent, "float32", [units, 4 * units]);
    const xShape = operands.ids ? [operands.x.shape[0] as number, 4 * units] : [batch, time, 4 * units];
    expectShape("projected input", operands.x, "float32", xShape);
    expectShape("ids", operands.ids, "int32", [batch, time]);
    expectShape("initial state (h, c)", operands.initial, "float32", [2, batch, units]);
    expectShape("mask", operands.mask, "bool", [batch, time]);
    return [
      { shape: [batch, time, units], dtype: "float32" },
      { shape: [batch, time, 5 * units], dtype: "float32" },
      { shape: [2, batch, units], dtype: "float32" },
    ];
  },
  vjp: ({ inputs, outputs, cotangents, attributes }) => {
    const operands = unpack(inputs, attributes);
    const [hidden, saved] = outputs as [Value, Value, Value];
    const [dHidden, dSaved, dLast] = cotangents as [Value | null, Value | null, Value | null];
    if (dSaved !== null) throw new ValueError("lstm: the saved gates are for looking at; a loss cannot depend on them");
    const [batch, time, units] = sizes(operands);
    const { initial, mask, recurrent } = operands;
    const gradAttributes: GradAttributes = {
      activation: attributes.activation,
      recurrentActivation: attributes.recurrentActivation,
      hasHidden: dHidden !== null,
      hasLast: dLast !== null,
      hasMask: mask !== undefined,
      hasInitial: initial !== undefined,
    };
    const present = [saved, recurrent, dHidden, dLast, mask, initial].filter((value) => value != null);
    const [dX, dInitial] = lstmSweepGradOp(present, gradAttributes) as [Value, Value];
    const previous =
      initial === undefined
        ? shiftTime(hidden)
        : concat([reshape(slice(initial, [0, 0, 0], [1, batch, units]), [batch, 1, units]), ...earlier(hidden)], 1);
    const rows = batch * time;
    const dRecurrent = matmul(reshape(previous, [rows, units]), reshape(dX, [rows, 4 * units]), { transposeA: true });
    const { ids, x } = operands;
    return [
      ids === undefined ? dX : scatterAdd(dX, ids, x.shape[0] as number),
      ...(ids === undefined ? [] : [null]),
      dRecurrent,
      ...(initial === undefined ? [] : [dInitial]),
      ...(mask === undefined ? [] : [null]),
    ];
  },
  reference: ({ inputs, outputs, attributes }) => sweepReference(unpack(inputs, attributes), outputs, attributes),
  lower: ({ inputs, outputs, isUsed, attributes }) => {
    const [hidden, saved, last] = outputs as [Operand, Operand, Operand];
    const [usesHidden, usesSaved] = isUsed as [boolean, boolean];
    return [
      lstmForwardCall(unpack(inputs, attributes), { hidden, saved, last }, attributes, {
        hidden: usesHidden,
        saved: usesSaved,
      }),
    ];
  },
});

/** hidden without its last timestep; nothing when there is only one. */
function earlier(hidden: Value): Value[] {
  const [batch, time, units] = hidden.shape as [number, number, number];
  return time === 1 ? [] : [slice(hidden, [0, 0, 0], [batch, time - 1, units])];
}

function sweepReference(
  operands: SweepInputs<ReferenceArray>,
  outputs: readonly TensorType[],
  { activation, recurrentActivation }: LstmActivations,
): ReferenceArray[] {
  const { x, ids, recurrent, initial, mask } = operands;
  const [batch, time, units] = sizes(operands);
  const hidden = new Float64Array(batch * time * units);
  const saved = new Float64Array(batch * time * 5 * units);
  const last = initial === undefined ? new Float64Array(2 * batch * units) : Float64Array.from(initial.data);
  for (let b = 0; b < batch; b++) {
    const h = last.subarray(b * units, (b + 1) * units);
    const c = last.subarray((batch + b) * units, (batch + b + 1) * units);
    for (let t = 0; t < time; t++) {
      const row = b * time + t;
      const source = ids === undefined ? row : (ids.data[row] as number);
      const record = saved.subarray(row * 5 * units, (row + 1) * 5 * units);
      const isMasked = mask !== undefined && mask.data[row] === 0;
      const before = Float64Array.from(h);
      for (let u = 0; u < units; u++) {
        const z = [0, 1, 2, 3].map((gate) => {
          const column = gate * units + u;
          let total = x.data[source * 4 * units + column] ?? 0;
          for (let k = 0; k < units; k++)
            total += (before[k] as number) * (recurrent.data[k * 4 * units + column] as number);
          return activate(gate === 2 ? activation : recurrentActivation, total);
        }) as [number, number, number, number];
        const [i, f, g, o] = z;
        if (!isMasked) {
          c[u] = f * (c[u] as number) + i * g;
          h[u] = o * activate(activation, c[u] as number);
        }
        [i, f, g, o, c[u] as number].forEach((value, gate) => {
          record[gate * units + u] = value;
        });
      }
      hidden.set(h, row * units);
    }
  }
  return [hidden, saved, last].map((data, index) => ({ shape: (outputs[index] as TensorType).shape, data }));
}

interface GradAttributes extends LstmActivations {
  readonly hasHidden: boolean;
  readonly hasLast: boolean;
  readonly hasMask: boolean;
  readonly hasInitial: boolean;
}

interface GradInputs<T> {
  readonly saved: T;
  readonly recurrent: T;
  readonly dHidden?: T;
  readonly dLast?: T;
  readonly mask?: T;
  readonly initial?: T;
}

function unpackGrad<T>(inputs: readonly T[], attributes: GradAttributes): GradInputs<T> {
  const rest = [...inputs];
  const take = () => rest.shift() as T;
  return {
    saved: take(),
    recurrent: take(),
    ...(attributes.hasHidden ? { dHidden: take() } : {}),
    ...(attributes.hasLast ? { dLast: take() } : {}),
    ...(attributes.hasMask ? { mask: take() } : {}),
    ...(attributes.hasInitial ? { initial: take() } : {}),
  };
}

const lstmSweepGradOp = defineOp<GradAttributes>({
  kind: "kernel",
  name: "lstmSweepGrad",
  infer: ({ inputs: [saved, recurrent] }) => {
    const [batch, time] = (saved as TensorType).shape as [number, number];
    const units = (recurrent as TensorType).shape[0] as number;
    return [
      { shape: [batch, time, 4 * units], dtype: "float32" },
      { shape: [2, batch, units], dtype: "float32" },
    ];
  },
  vjp: () => {
    throw new ValueError(
      "lstm: second derivatives of the sweep are not available; write the loop with lstmCell instead",
    );
  },
  reference: ({ inputs, outputs, attributes }) => gradReference(unpackGrad(inputs, attributes), outputs, attributes),
  lower: ({ inputs, outputs, attributes }) => {
    const [dX, dInitial] = outputs as [Operand, Operand];
    return [lstmBackwardCall(unpackGrad(inputs, attributes), { dX, dInitial }, attributes)];
  },
});

function gradReference(
  { saved, recurrent, dHidden, dLast, mask, initial }: GradInputs<ReferenceArray>,
  outputs: readonly TensorType[],
  { activation, recurrentActivation }: LstmActivations,
): ReferenceArray[] {
  const [batch, time] = saved.shape as [number, number];
  const units = recurrent.shape[0] as number;
  const dX = new Float64Array(batch * time * 4 * units);
  const dInitial = dLast === undefined ? new Float64Array(2 * batch * units) : Float64Array.from(dLast.data);
  for (let b = 0; b < batch; b++) {
    const dh = dInitial.subarray(b * units, (b + 1) * units);
    const dc = dInitial.subarray((batch + b) * units, (batch + b + 1) * units);
    for (let t = time - 1; t >= 0; t--) {
      const row = b * time + t;
      if (dHidden !== undefined) {
        for (let u = 0; u < units; u++) dh[u] = (dh[u] as number) + (dHidden.data[row * units + u] as number);
      }
      if (mask !== undefined && mask.data[row] === 0) continue;
      const at = (gate: number, u: number) => saved.data[(row * 5 + gate) * units + u] as number;
      for (let u = 0; u < units; u++) {
        const [i, f, g, o, c] = [at(0, u), at(1, u), at(2, u), at(3, u), at(4, u)];
        const cBefore =
          t > 0
            ? (saved.data[((row - 1) * 5 + 4) * units + u] as number)
            : (initial?.data[(batch + b) * units + u] ?? 0);
        const y = activate(activation, c);
        const dCell = (dc[u] as number) + (dh[u] as number) * o * slopeFromOutput(activation, y);
        const gate = (index: number, value: number) => {
          dX[(row * 4 + index) * units + u] = value;
        };
        gate(0, dCell * g * slopeFromOutput(recurrentActivation, i));
        gate(1, dCell * cBefore * slopeFromOutput(recurrentActivation, f));
        gate(2, dCell * i * slopeFromOutput(activation, g));
        gate(3, (dh[u] as number) * y * slopeFromOutput(recurrentActivation, o));
        dc[u] = dCell * f;
      }
      for (let k = 0; k < units; k++) {
        let total = 0;
        for (let column = 0; column < 4 * units; column++) {
          total += (dX[row * 4 * units + column] as number) * (recurrent.data[k * 4 * units + column] as number);
        }
        dh[k] = total;
      }
    }
  }
  return [dX, dInitial].map((data, index) => ({ shape: (outputs[index] as TensorType).shape, data }));
}

/** Optional parts of a sweep. */
export interface LstmSweepOptions extends Partial<LstmActivations> {
  /** h and c before the first step, `[2, B, H]`; zeros when absent. */
  readonly initial?: Value;
  /** bool `[B, T]`; where false, h and c pass unchanged. */
  readonly mask?: Value;
}

/** What a sweep gives. */
export interface LstmSweep {
  /** h after every step, `[B, T, H]`. */
  readonly hidden: Value;
  /** i, f, candidate, o and c of every step, `[B, T, 5H]`: for looking at; it has no gradient. */
  readonly saved: Value;
  /** h and c after the last step, `[2, B, H]`. */
  readonly last: Value;
}

/**
 * Runs an LSTM over all timesteps: x `[B, T, 4H]` (input · kernel + bias, gates in the order i, f, c, o),
 * recurrent kernel `[H, 4H]`.
 * @throws ShapeError naming the part that does not fit.
 */
export function lstmSweep(x: Value, recurrent: Value, options: LstmSweepOptions = {}): LstmSweep {
  const { initial, mask, activation = "tanh", recurrentActivation = "sigmoid" } = options;
  const [hidden, saved, last] = lstmSweepOp([x, recurrent, ...(initial ? [initial] : []), ...(mask ? [mask] : [])], {
    activation,
    recurrentActivation,
    hasIds: false,
    hasInitial: initial !== undefined,
    hasMask: mask !== undefined,
  }) as [Value, Value, Value];
  return { hidden, saved, last };
}
