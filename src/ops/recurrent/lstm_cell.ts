/** One step of an LSTM, for streaming and for loops that a person writes by hand. */
import { DTypeError, ShapeError, ValueError } from "../../core/errors.ts";
import type { Operand, TensorType } from "../../core/kernel_call.ts";
import { formatShape } from "../../core/shape.ts";
import type { ReferenceArray } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { definePositionalOp as defineOp, type PositionalReference as OpReference } from "../../graph/positional.ts";
import { lstmCellCall, lstmCellGradCall } from "../../kernels/recurrent/lstm_cell.ts";
import { activate, slopeFromOutput } from "./activation_reference.ts";
import type { LstmActivations } from "./lstm.ts";

interface GradAttributes extends LstmActivations {
  readonly hasH: boolean;
  readonly hasC: boolean;
}

/** Gates i, f, g, o and the new cell of unit u in row b. */
function cellAt(
  z: ReferenceArray,
  c: ReferenceArray,
  b: number,
  u: number,
  { activation, recurrentActivation }: LstmActivations,
) {
  const units = c.shape[1] as number;
  const at = (gate: number) => z.data[(b * 4 + gate) * units + u] as number;
  const before = c.data[b * units + u] as number;
  const [i, f, o] = [at(0), at(1), at(3)].map((x) => activate(recurrentActivation, x)) as [number, number, number];
  const g = activate(activation, at(2));
  const cell = f * before + i * g;
  return { i, f, g, o, before, cell, y: activate(activation, cell) };
}

const lstmCellOp = defineOp<LstmActivations>({
  kind: "kernel",
  name: "lstmCell",
  infer: ({ inputs }) => {
    const [z, c] = inputs as [TensorType, TensorType];
    const [batch, units] = c.shape as [number, number];
    if (z.dtype !== "float32" || c.dtype !== "float32") {
      throw new DTypeError(`lstmCell: got ${z.dtype} and ${c.dtype}; expected float32`);
    }
    if (c.shape.length !== 2 || z.shape.length !== 2 || z.shape[0] !== batch || z.shape[1] !== 4 * units) {
      throw new ShapeError(
        `lstmCell: z is ${formatShape(z.shape)}, c is ${formatShape(c.shape)}; expected [B, 4·H] and [B, H]`,
        { z: z.shape, c: c.shape },
      );
    }
    return [c, c].map(({ shape }) => ({ shape, dtype: "float32" }));
  },
  vjp: ({ inputs, cotangents: [dH, dC], attributes }) =>
    lstmCellGradOp([...inputs, ...[dH, dC].filter((value) => value != null)], {
      ...attributes,
      hasH: dH != null,
      hasC: dC != null,
    }),
  lower: ({ inputs, outputs, attributes }) => {
    const [z, c] = inputs as [Operand, Operand];
    const [h, cNext] = outputs as [Operand, Operand];
    return [lstmCellCall({ z, c }, { h, cNext }, attributes)];
  },
});

export const lstmCellReference: OpReference<LstmActivations> = {
  op: lstmCellOp,
  reference: ({ inputs, attributes }) => {
    const [z, c] = inputs as [ReferenceArray, ReferenceArray];
    const [batch, units] = c.shape as [number, number];
    const h = new Float64Array(batch * units);
    const next = new Float64Array(batch * units);
    for (let b = 0; b < batch; b++) {
      for (let u = 0; u < units; u++) {
        const { o, cell, y } = cellAt(z, c, b, u, attributes);
        next[b * units + u] = cell;
        h[b * units + u] = o * y;
      }
    }
    return [
      { shape: c.shape, data: h },
      { shape: c.shape, data: next },
    ];
  },
};

const lstmCellGradOp = defineOp<GradAttributes>({
  kind: "kernel",
  name: "lstmCellGrad",
  infer: ({ inputs: [z, c] }) => [z as TensorType, c as TensorType],
  vjp: () => {
    throw new ValueError(
      "lstmCell: second derivatives are not available; write the cell with sigmoid() and tanh() instead",
    );
  },
  lower: ({ inputs, outputs, attributes }) => {
    const [z, c, ...rest] = inputs as [Operand, Operand, ...Operand[]];
    const dH = attributes.hasH ? { dH: rest.shift() as Operand } : {};
    const dC = attributes.hasC ? { dC: rest.shift() as Operand } : {};
    const [dZ, dCPrev] = outputs as [Operand, Operand];
    return [lstmCellGradCall({ z, c, ...dH, ...dC }, { dZ, dCPrev }, attributes)];
  },
});

export const lstmCellGradReference: OpReference<GradAttributes> = {
  op: lstmCellGradOp,
  reference: ({ inputs, attributes }) => {
    const [z, c, ...rest] = inputs as [ReferenceArray, ReferenceArray, ...ReferenceArray[]];
    const dH = attributes.hasH ? rest.shift() : undefined;
    const dC = attributes.hasC ? rest.shift() : undefined;
    const [batch, units] = c.shape as [number, number];
    const dZ = new Float64Array(batch * 4 * units);
    const dBefore = new Float64Array(batch * units);
    const { activation, recurrentActivation } = attributes;
    for (let b = 0; b < batch; b++) {
      for (let u = 0; u < units; u++) {
        const { i, f, g, o, before, y } = cellAt(z, c, b, u, attributes);
        const dh = dH?.data[b * units + u] ?? 0;
        const dCell = (dC?.data[b * units + u] ?? 0) + dh * o * slopeFromOutput(activation, y);
        const gates = [
          dCell * g * slopeFromOutput(recurrentActivation, i),
          dCell * before * slopeFromOutput(recurrentActivation, f),
          dCell * i * slopeFromOutput(activation, g),
          dh * y * slopeFromOutput(recurrentActivation, o),
        ];
        gates.forEach((value, gate) => {
          dZ[(b * 4 + gate) * units + u] = value;
        });
        dBefore[b * units + u] = dCell * f;
      }
    }
    return [
      { shape: z.shape, data: dZ },
      { shape: c.shape, data: dBefore },
    ];
  },
};

/**
 * One LSTM step from pre-activations: z `[B, 4H]` = x·W + h·U + b (gates i, f, c, o), c `[B, H]` -> h and the next c.
 * @example
 * const z = add(add(matmul(x, kernel), matmul(h, recurrent)), bias);
 * const { h: next, c: nextC } = lstmCell(z, c);
 */
export function lstmCell(
  z: Value,
  c: Value,
  options: Partial<LstmActivations> = {},
): { readonly h: Value; readonly c: Value } {
  const { activation = "tanh", recurrentActivation = "sigmoid" } = options;
  const [h, next] = lstmCellOp([z, c], { activation, recurrentActivation }) as [Value, Value];
  return { h, c: next };
}
