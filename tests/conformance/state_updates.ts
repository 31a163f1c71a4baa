/** State that a layer updates in the training step: it commits with the step, and not when the step was not finite. */
import {
  batchNormalization,
  type Device,
  dense,
  type NdArray,
  NonFiniteError,
  sequential,
  sgd,
} from "../../src/index.ts";
import { expectClose, expectSame } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";

const [ROWS, WIDTH, STEPS, MOMENTUM] = [8, 3, 5, 0.8];
const X: NdArray = {
  shape: [ROWS, WIDTH],
  data: Float32Array.from({ length: ROWS * WIDTH }, (_, index) => ((index * 37) % 11) / 4 - (index % WIDTH)),
};
const Y: NdArray = { shape: [ROWS, 1], data: new Float32Array(ROWS).fill(0.5) };

function makeModel(device: Device) {
  const model = sequential([batchNormalization({ momentum: MOMENTUM }), dense({ units: 1 })], {
    device,
    inputShape: [WIDTH],
  });
  model.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: "mse" });
  return model;
}

/** Mean and variance of each column of X. */
function moments(): { mean: number[]; variance: number[] } {
  const columns = Array.from({ length: WIDTH }, (_, c) =>
    Array.from({ length: ROWS }, (__, r) => X.data[r * WIDTH + c] as number),
  );
  const mean = columns.map((column) => column.reduce((a, b) => a + b, 0) / ROWS);
  const variance = columns.map((column, c) => column.reduce((a, b) => a + (b - (mean[c] as number)) ** 2, 0) / ROWS);
  return { mean, variance };
}

/** Batch normalisation in a model. */
export const stateUpdateCases: readonly ConformanceCase[] = [
  {
    name: "state updates: moving statistics follow the batches, and serve outside training",
    run: async (device) => {
      using model = makeModel(device);
      await model.fit(X, Y, { epochs: STEPS, batchSize: ROWS });
      const [gamma, beta, mean, variance, kernel, bias] = (await model.weights()) as readonly NdArray[] as NdArray[] & {
        length: 6;
      };
      const kept = MOMENTUM ** STEPS;
      const { mean: m, variance: v } = moments();
      const tolerance = { absolute: 1e-6, relative: 1e-5 };
      const shape = [WIDTH];
      expectClose("moving mean", mean as NdArray, { shape, data: m.map((x) => (1 - kept) * x) }, tolerance);
      expectClose(
        "moving variance",
        variance as NdArray,
        { shape, data: v.map((x) => kept + (1 - kept) * x) },
        tolerance,
      );
      const at = (array: NdArray | undefined, index: number) => array?.data[index] as number;
      const wanted = Array.from({ length: ROWS }, (_, row) =>
        Array.from({ length: WIDTH }, (__, c) => {
          const centred = at(X, row * WIDTH + c) - at(mean, c);
          const normalized = centred / Math.sqrt(at(variance, c) + 0.001);
          return (normalized * at(gamma, c) + at(beta, c)) * at(kernel, c);
        }).reduce((a, b) => a + b, at(bias, 0)),
      );
      const predicted = await model.predict(X);
      expectClose("prediction", predicted, { shape: [ROWS, 1], data: wanted }, { absolute: 1e-5, relative: 1e-5 });
    },
  },
  {
    name: "state updates: a step that was not finite leaves moving statistics alone",
    run: async (device) => {
      using model = makeModel(device);
      await model.fit(X, Y, { batchSize: ROWS });
      const before = await model.weights();
      const huge: NdArray = { shape: X.shape, data: X.data.map((_, index) => (index % 2 === 0 ? 3e30 : -3e30)) };
      const error = await model.fit(huge, Y, { batchSize: ROWS }).catch((thrown: unknown) => thrown);
      if (!(error instanceof NonFiniteError)) throw new Error(`fit gave ${String(error)}; expected a NonFiniteError`);
      for (const [index, weight] of (await model.weights()).entries()) {
        expectSame(weight.name, weight, before[index] as NdArray);
      }
    },
  },
];
