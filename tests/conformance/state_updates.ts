/** State that a layer updates in the training step: it commits with the step, and not when the step was not finite. */
import {
  batchNormalization,
  type Device,
  dense,
  model as functional,
  input,
  masking,
  type NdArray,
  NonFiniteError,
  sequential,
  sgd,
  timeDistributed,
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
  {
    // Keras calls the layer at each timestep (keras/src/layers/rnn/time_distributed.py); the numbers are that loop's.
    name: "state updates: inside timeDistributed a batch is one timestep, without those that a mask leaves out",
    run: async (device) => {
      const [time, size] = [3, 2];
      // Row 0 ends with a masked step; each timestep has a spread of its own.
      const step = (row: number, t: number) =>
        row === 0 && t === 2 ? [0, 0] : [(row + 1) * (t + 1), 5 - row * (2 * t + 1)];
      const rows = [0, 1, 2, 3].map((row) => [0, 1, 2].map((t) => step(row, t)));
      const [begin, read] = [input({ shape: [time, size] }), masking()];
      const normal = timeDistributed({ layer: batchNormalization({ momentum: MOMENTUM }) });
      using model = functional({ inputs: begin, outputs: normal.call(read.call(begin)), device });
      model.compile({ optimizer: sgd({ learningRate: 0 }), loss: "mse" });
      const { history } = await model.fit(
        rows,
        { shape: [4, time, size], data: new Float32Array(4 * time * size) },
        { batchSize: 4 },
      );
      const moving = { mean: [0, 0], variance: [1, 1] };
      let loss = 0;
      for (let t = 0; t < time; t++) {
        for (let c = 0; c < size; c++) {
          const kept = rows.map((row) => row[t]?.[c] as number).filter((_, row) => !(row === 0 && t === 2));
          const mean = kept.reduce((a, b) => a + b, 0) / kept.length;
          const variance = kept.reduce((a, b) => a + (b - mean) ** 2, 0) / kept.length;
          loss += kept.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (variance + 0.001);
          moving.mean[c] = MOMENTUM * (moving.mean[c] as number) + (1 - MOMENTUM) * mean;
          moving.variance[c] = MOMENTUM * (moving.variance[c] as number) + (1 - MOMENTUM) * variance;
        }
      }
      const [, , mean, variance] = await model.weights();
      const tolerance = { absolute: 1e-5, relative: 1e-5 };
      expectClose("moving mean", mean as NdArray, { shape: [size], data: moving.mean }, tolerance);
      expectClose("moving variance", variance as NdArray, { shape: [size], data: moving.variance }, tolerance);
      const came = { shape: [], data: Float32Array.of(history.loss?.[0] ?? Number.NaN) };
      expectClose("loss", came, { shape: [], data: [loss / (11 * size)] }, tolerance);
    },
  },
  {
    name: "state updates: a layer that is called twice in a step follows twice",
    run: async (device) => {
      const begin = input({ shape: [1] });
      const normal = batchNormalization({ momentum: MOMENTUM });
      const wide = dense({ units: 1, useBias: false, kernelInitializer: { name: "constant", value: 3 } });
      const outputs = [normal.call(begin), normal.call(wide.call(begin))];
      using model = functional({ inputs: begin, outputs, device });
      model.compile({ optimizer: sgd({ learningRate: 0 }), loss: "mse" });
      const x = [[1], [3]];
      await model.fit(x, [x, x], { batchSize: 2 });
      const moving = (await model.weights()).filter(({ name }) => name.includes("moving"));
      // Means 2, then 6; variances 1, then 9.
      const twice = (before: number, first: number, second: number) =>
        MOMENTUM * (MOMENTUM * before + (1 - MOMENTUM) * first) + (1 - MOMENTUM) * second;
      const wanted = [twice(0, 2, 6), twice(1, 1, 9)];
      moving.forEach((array, index) => {
        expectClose(
          array.name,
          array,
          { shape: [1], data: [wanted[index] as number] },
          { absolute: 1e-6, relative: 1e-6 },
        );
      });
    },
  },
];
