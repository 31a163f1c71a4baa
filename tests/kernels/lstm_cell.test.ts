import { describe, it } from "vitest";
import type { HostData } from "../../src/core/dtype.ts";
import { Random } from "../../src/core/random.ts";
import { KERNEL_ACTIVATIONS, type RecurrentActivations } from "../../src/kernels/elementwise/activations.ts";
import { lstmCellCall, lstmCellGradCall } from "../../src/kernels/recurrent/lstm_cell.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel } from "../support/kernel.ts";
import { expectClose } from "./close.ts";
import { type LstmCase, lstmBackward, lstmForward, normals } from "./lstm_reference.ts";

/** Float32: a handful of roundings per element. */
const TOLERANCE = 2e-6;
const TANH: RecurrentActivations = { activation: "tanh", recurrentActivation: "sigmoid" };

/** A cell is a sweep of one step whose recurrent kernel is zero: the float64 sweep is its reference too. */
function cellCase(batch: number, hidden: number, activations: RecurrentActivations): LstmCase<Float32Array> {
  const random = new Random(batch * 31 + hidden);
  return {
    batch,
    steps: 1,
    hidden,
    x: normals(random, batch * 4 * hidden),
    recurrent: new Float32Array(hidden * 4 * hidden),
    initial: normals(random, 2 * batch * hidden),
    ...activations,
  };
}

async function check(batch: number, hidden: number, activations = TANH, isGiven = { dH: true, dC: true }) {
  const run = cellCase(batch, hidden, activations);
  const device = await testDevice();
  const cells = batch * hidden;
  const c = (run.initial as Float32Array).slice(cells);
  const z = operand("input", 0, [batch, 4 * hidden]);
  const like = (role: "input" | "output", index: number) => operand(role, index, [batch, hidden]);

  const forward = lstmCellCall({ z, c: like("input", 1) }, { h: like("output", 0), cNext: like("output", 1) }, run);
  const [h, cNext] = (await runKernel(device, forward, [run.x, c])) as [HostData, HostData];
  const { last } = lstmForward(run);
  expectClose(h, last.subarray(0, cells), TOLERANCE, "h");
  expectClose(cNext, last.subarray(cells), TOLERANCE, "cNext");

  const random = new Random(5);
  const dH = isGiven.dH ? normals(random, cells) : undefined;
  const dC = isGiven.dC ? normals(random, cells) : undefined;
  const backward = lstmCellGradCall(
    { z, c: like("input", 1), dH: dH && like("input", 2), dC: dC && like("input", 3) },
    { dZ: operand("output", 0, [batch, 4 * hidden]), dCPrev: like("output", 1) },
    run,
  );
  const inputs = [run.x, c, dH, dC].filter((data) => data !== undefined);
  const [dZ, dCPrev] = (await runKernel(device, backward, inputs)) as [HostData, HostData];
  const dLast = new Float32Array(2 * cells);
  if (dH) dLast.set(dH);
  if (dC) dLast.set(dC, cells);
  const wanted = lstmBackward(run, undefined, dLast);
  expectClose(dZ, wanted.dX, TOLERANCE, "dZ");
  expectClose(dCPrev, wanted.dInitial.subarray(cells), TOLERANCE, "dCPrev");
}

describe("lstmCellCall and lstmCellGradCall", () => {
  it.each([
    [1, 1],
    [3, 7],
    [17, 65],
    [2, 257],
  ])("agree with float64 loops at B %i, H %i", (batch, hidden) => check(batch, hidden));

  it.each(KERNEL_ACTIVATIONS)("take the activation %s", async (name) => {
    await check(3, 5, { activation: name, recurrentActivation: "sigmoid" });
    await check(3, 5, { activation: "tanh", recurrentActivation: name });
  });

  it("take absent gradients as zeros", async () => {
    await check(3, 5, TANH, { dH: true, dC: false });
    await check(3, 5, TANH, { dH: false, dC: true });
  });
});
