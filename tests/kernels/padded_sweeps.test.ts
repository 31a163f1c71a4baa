/** Sweeps whose rows share their padding, against float64 loops over rows that each read their own. */
import { describe, expect, it } from "vitest";
import { at } from "../../src/core/at.ts";
import type { AdapterTraits, KernelCall } from "../../src/core/kernel_call.ts";
import { Random } from "../../src/core/random.ts";
import type { ReferenceArray } from "../../src/graph/op.ts";
import { GRU_CELL, LSTM_CELL, PEEPHOLE_LSTM_CELL } from "../../src/kernels/recurrent/cells.ts";
import { paddingCall } from "../../src/kernels/recurrent/row_order.ts";
import { sweepBackwardCall, sweepForwardCall } from "../../src/kernels/recurrent/sweep.ts";
import { gruReference } from "../../src/ops/recurrent/gru.ts";
import { lstmReference } from "../../src/ops/recurrent/lstm.ts";
import { peepholeLstmReference } from "../../src/ops/recurrent/peephole_lstm.ts";
import { backwardLoop, forwardLoop } from "../../src/ops/recurrent/sweep_reference.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel, testTraits } from "../support/kernel.ts";
import { expectClose } from "./close.ts";
import { normals } from "./lstm_reference.ts";

const [B, T, H, VOCABULARY] = [37, 11, 13, 9];
const TOLERANCE = 2e-5;
const ACTIVATIONS = { activation: "tanh", recurrentActivation: "sigmoid" } as const;

/** Where each row's padding ends: from 0 to T - 1. */
const starts = Array.from({ length: B }, (_, row) => (row * 5) % T);
const longest = Math.max(...starts);

const floats = (...shape: number[]) => operand("input", 0, shape);
const integers = (...shape: number[]) => operand("input", 0, shape, "int32");

/**
 * Of `[B, T, width]` as loops give it what a sweep gives that shares the padding, `[B + 1, T, width]`: each row from
 * its start on, and the padding's row, which `pad` works out from all rows that read it. The others are NaN.
 */
function sharedRows(rows: Float64Array, width: number, pad: (values: readonly number[]) => number): Float64Array {
  const shared = new Float64Array((B + 1) * T * width).fill(Number.NaN);
  for (let t = 0; t < T; t++) {
    for (let column = 0; column < width; column++) {
      const index = (row: number) => (row * T + t) * width + column;
      const padded: number[] = [];
      for (const [row, start] of starts.entries()) {
        if (t < start) padded.push(at(rows, index(row)));
        else shared[index(row)] = at(rows, index(row));
      }
      if (t < longest) shared[index(B)] = pad(padded);
    }
  }
  return shared;
}

const first = (values: readonly number[]) => at(values, 0);
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

function expectWhereKnown(came: ArrayLike<number> | undefined, wanted: Float64Array, what: string): void {
  const known = Array.from(wanted.keys()).filter((index) => !Number.isNaN(at(wanted, index)));
  expectClose(
    known.map((index) => came?.[index] ?? Number.NaN),
    known.map((index) => at(wanted, index)),
    TOLERANCE,
    what,
  );
}

describe.each([
  ["LSTM", LSTM_CELL, lstmReference],
  ["LSTM with peepholes", PEEPHOLE_LSTM_CELL, peepholeLstmReference],
  ["GRU", GRU_CELL, gruReference],
] as const)("rows that share their padding: %s", (_name, cell, reference64) => {
  const { separatesInner, unitWeights: own } = reference64.op.family;
  const columns = cell.gates * H;
  const random = new Random(7);
  const ids = Int32Array.from({ length: B * T }, (_, index) => {
    return index % T < at(starts, Math.floor(index / T)) ? 0 : 1 + random.integer(VOCABULARY - 1);
  });
  const x = normals(random, VOCABULARY * columns);
  const recurrent = normals(random, H * columns, 1 / Math.sqrt(H));
  const bias = normals(random, columns);
  const dLast = normals(random, cell.states * B * H);
  const ownWeights = own && normals(random, own.count * H);
  const reference = (shape: number[], data: ArrayLike<number>): ReferenceArray => ({
    shape,
    data: Float64Array.from(data),
  });
  const unitWeights = own && ownWeights && reference([own.count, H], ownWeights);
  const { hidden, saved, last } = forwardLoop(
    reference64,
    {
      x: reference([VOCABULARY, columns], x),
      ids: reference([B, T], ids),
      recurrent: reference([H, columns], recurrent),
      bias: reference([columns], bias),
      unitWeights,
    },
    ACTIVATIONS,
  );
  const { dX, dInner } = backwardLoop(
    reference64,
    {
      kept: reference([B, T, 5 * H], saved),
      recurrent: reference([H, columns], recurrent),
      unitWeights,
      dLast: reference([cell.states, B, H], dLast),
    },
    ACTIVATIONS,
  );

  const adapters: readonly (readonly [string, AdapterTraits])[] = [
    ["in one piece", testTraits()],
    ["cut into chunks of time", testTraits("lavapipe", { dispatchSeconds: 1e-9 })],
  ];

  it.each(adapters)("agree with float64 loops, %s", async (_what, adapter) => {
    const device = await testDevice();
    const run = (call: KernelCall, inputs: Parameters<typeof runKernel>[2]) =>
      runKernel(device, call, inputs, { adapter });
    const schedule = integers(2, B);
    const padding = paddingCall(integers(B, T), { schedule, ownIds: integers(B + 1, T) });
    const [order = new Int32Array(), ownIds = new Int32Array()] = await run(padding, [ids]);
    const forward = sweepForwardCall(
      cell,
      {
        x: floats(VOCABULARY, columns),
        ids: integers(B + 1, T),
        recurrent: floats(H, columns),
        bias: floats(columns),
        unitWeights: own && floats(own.count, H),
        schedule,
      },
      { hidden: floats(B + 1, T, H), saved: floats(B + 1, T, 5 * H), last: floats(cell.states, B, H) },
      ACTIVATIONS,
      { hidden: true, saved: true },
    );
    const came = await run(forward, [x, ownIds, recurrent, bias, ...(ownWeights ? [ownWeights] : []), order]);
    expectWhereKnown(came[0], sharedRows(hidden, H, first), "hidden");
    expectWhereKnown(came[1], sharedRows(saved, 5 * H, first), "saved");
    expectClose(at(came, 2), last, TOLERANCE, "last");

    const backward = sweepBackwardCall(
      cell,
      {
        saved: floats(B + 1, T, 5 * H),
        recurrent: floats(H, columns),
        unitWeights: own && floats(own.count, H),
        dLast: floats(cell.states, B, H),
        schedule,
      },
      { dX: floats(B + 1, T, columns), dInner: separatesInner ? floats(B + 1, T, columns) : undefined },
      ACTIVATIONS,
    );
    const labels = backward.plan(adapter).dispatches.map(({ label }) => label);
    expect(labels).toContain(`${cell.name}_backward of padding`);
    const gradients = await run(backward, [at(came, 1), recurrent, ...(ownWeights ? [ownWeights] : []), dLast, order]);
    expectWhereKnown(gradients[0], sharedRows(dX, columns, total), "dX");
    if (separatesInner) expectWhereKnown(gradients[1], sharedRows(dInner, columns, total), "dInner");
  });
});
