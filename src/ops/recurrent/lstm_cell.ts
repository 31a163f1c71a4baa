/** One timestep of an LSTM, for streaming and for loops that a person writes by hand. */

import { at } from "../../core/at.ts";
import { DTypeError, ShapeError, ValueError } from "../../core/errors.ts";
import { readOptions } from "../../core/option_table.ts";
import { dims, formatShape } from "../../core/shape.ts";
import { defineOp, type ReferenceArray, referenceFor } from "../../graph/op.ts";
import { expectValue, type Value } from "../../graph/operation.ts";
import { lstmCellCall, lstmCellGradCall } from "../../kernels/recurrent/lstm_cell.ts";
import { activate, slopeFromOutput } from "./activation_reference.ts";
import type { LstmActivations } from "./lstm.ts";
import { GATED } from "./sweep_options.ts";

interface CellInputs {
  readonly z: Value;
  readonly c: Value;
}

interface CellOutputs {
  readonly h: Value;
  readonly cNext: Value;
}

interface CellGradInputs extends CellInputs {
  readonly dH?: Value | undefined;
  readonly dC?: Value | undefined;
}

interface CellGradOutputs {
  readonly dZ: Value;
  readonly dCPrev: Value;
}

/** Gates i, f, g, o and the new cell of unit u in row b. */
function cellAt(
  z: ReferenceArray,
  c: ReferenceArray,
  b: number,
  u: number,
  { activation, recurrentActivation }: LstmActivations,
) {
  const units = at(c.shape, 1);
  const gate = (index: number) => at(z.data, (b * 4 + index) * units + u);
  const before = at(c.data, b * units + u);
  const [i, f, o] = [0, 1, 3].map((index) => activate(recurrentActivation, gate(index)));
  const g = activate(activation, gate(2));
  if (i === undefined || f === undefined || o === undefined) throw new RangeError("an LSTM has four gates");
  const cell = f * before + i * g;
  return { i, f, g, o, before, cell, y: activate(activation, cell) };
}

const lstmCellOp = defineOp<CellInputs, LstmActivations, CellOutputs>({
  kind: "kernel",
  name: "lstmCell",
  infer: ({ inputs: { z, c } }) => {
    const [batch, units] = c.shape;
    if (z.dtype !== "float32" || c.dtype !== "float32") {
      throw new DTypeError(`lstmCell: got ${z.dtype} and ${c.dtype}; expected float32`);
    }
    const isFitting = z.shape.length === 2 && z.shape[0] === batch && z.shape[1] === 4 * (units ?? 0);
    if (c.shape.length !== 2 || !isFitting) {
      throw new ShapeError(
        `lstmCell: z is ${formatShape(z.shape)}, c is ${formatShape(c.shape)}; expected [B, 4·H] and [B, H]`,
        { z: z.shape, c: c.shape },
      );
    }
    const { shape } = c;
    return { h: { shape, dtype: "float32" }, cNext: { shape, dtype: "float32" } };
  },
  vjp: ({ inputs: { z, c }, cotangents, attributes }) => {
    const { dZ, dCPrev } = lstmCellGradOp({ z, c, dH: cotangents.h, dC: cotangents.cNext }, attributes);
    return { z: dZ, c: dCPrev };
  },
  lower: ({ inputs, outputs, attributes }) => [lstmCellCall(inputs, outputs, attributes)],
});

export const lstmCellReference = referenceFor(lstmCellOp, ({ inputs: { z, c }, attributes }) => {
  const [batch, units] = dims(c.shape, 2);
  const h = new Float64Array(batch * units);
  const next = new Float64Array(batch * units);
  for (let b = 0; b < batch; b++) {
    for (let u = 0; u < units; u++) {
      const { o, cell, y } = cellAt(z, c, b, u, attributes);
      next[b * units + u] = cell;
      h[b * units + u] = o * y;
    }
  }
  return { h: { shape: c.shape, data: h }, cNext: { shape: c.shape, data: next } };
});

const lstmCellGradOp = defineOp<CellGradInputs, LstmActivations, CellGradOutputs>({
  kind: "kernel",
  name: "lstmCellGrad",
  infer: ({ inputs: { z, c } }) => ({
    dZ: { shape: z.shape, dtype: z.dtype },
    dCPrev: { shape: c.shape, dtype: c.dtype },
  }),
  vjp: () => {
    throw new ValueError(
      "lstmCell: second derivatives are not available; write the cell with sigmoid() and tanh() instead",
    );
  },
  lower: ({ inputs, outputs, attributes }) => [lstmCellGradCall(inputs, outputs, attributes)],
});

export const lstmCellGradReference = referenceFor(lstmCellGradOp, ({ inputs: { z, c, dH, dC }, attributes }) => {
  const [batch, units] = dims(c.shape, 2);
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
  return { dZ: { shape: z.shape, data: dZ }, dCPrev: { shape: c.shape, data: dBefore } };
});

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
  const { activation, recurrentActivation } = readOptions("lstmCell(z, c)", GATED, options);
  expectValue("lstmCell", z, c);
  const { h, cNext } = lstmCellOp({ z, c }, { activation, recurrentActivation });
  return { h, c: cNext };
}
