/** Regularizers and constraints in training and evaluation, against the same step written in plain loops. */
import {
  type DenseOptions,
  type Device,
  dense,
  l1l2,
  loadModel,
  maxNorm,
  minMaxNorm,
  type NdArray,
  nonNeg,
  Random,
  sequential,
  sgd,
  unitNorm,
} from "../../src/index.ts";
import { expectClose, expectNear } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";

const [BATCH, INPUTS, UNITS] = [4, 3, 2];
const RATE = 0.5;
const TOLERANCE = { absolute: 2e-6, relative: 1e-5 };

function drawn(shape: readonly number[], stream: number): NdArray {
  const random = new Random(11, stream);
  const size = shape.reduce((product, axis) => product * axis, 1);
  return { shape, data: Float32Array.from({ length: size }, () => random.normal()) };
}

interface Penalties {
  readonly kernel: { readonly l1: number; readonly l2: number };
  readonly bias: { readonly l1: number; readonly l2: number };
  readonly activity: { readonly l1: number; readonly l2: number };
}

/** Loss and new weights of a linear layer under mean squared error, one step of gradient descent. */
function step(x: NdArray, y: NdArray, kernel: NdArray, bias: NdArray, penalties: Penalties) {
  const at = ({ data }: NdArray, index: number) => data[index] as number;
  const slope = (value: number, { l1, l2 }: Penalties["kernel"]) => l1 * Math.sign(value) + 2 * l2 * value;
  const cost = (value: number, { l1, l2 }: Penalties["kernel"]) => l1 * Math.abs(value) + l2 * value * value;
  const kernelGradient = new Array<number>(INPUTS * UNITS).fill(0);
  const biasGradient = new Array<number>(UNITS).fill(0);
  let loss = 0;
  for (let row = 0; row < BATCH; row++) {
    for (let unit = 0; unit < UNITS; unit++) {
      let out = at(bias, unit);
      for (let i = 0; i < INPUTS; i++) out += at(x, row * INPUTS + i) * at(kernel, i * UNITS + unit);
      const error = out - at(y, row * UNITS + unit);
      loss += (error * error) / (BATCH * UNITS) + cost(out, penalties.activity) / BATCH;
      const d = (2 * error) / (BATCH * UNITS) + slope(out, penalties.activity) / BATCH;
      biasGradient[unit] = (biasGradient[unit] as number) + d;
      for (let i = 0; i < INPUTS; i++) {
        kernelGradient[i * UNITS + unit] = (kernelGradient[i * UNITS + unit] as number) + d * at(x, row * INPUTS + i);
      }
    }
  }
  for (const value of kernel.data) loss += cost(value, penalties.kernel);
  for (const value of bias.data) loss += cost(value, penalties.bias);
  const after = ({ data }: NdArray, gradient: readonly number[], penalty: Penalties["kernel"]) =>
    Array.from(data, (value, index) => value - RATE * ((gradient[index] as number) + slope(value, penalty)));
  return {
    loss,
    kernel: after(kernel, kernelGradient, penalties.kernel),
    bias: after(bias, biasGradient, penalties.bias),
  };
}

const NONE = { l1: 0, l2: 0 };
const X = drawn([BATCH, INPUTS], 0);
const Y = drawn([BATCH, UNITS], 1);
const KERNEL = drawn([INPUTS, UNITS], 2);
const BIAS = drawn([UNITS], 3);

async function train(device: Device, options: Partial<DenseOptions>) {
  const model = sequential([dense({ units: UNITS, ...options })], { device, inputShape: [INPUTS] });
  await model.setWeights([KERNEL, BIAS]);
  model.compile({ optimizer: sgd({ learningRate: RATE }), loss: "mse", metrics: ["mae"] });
  const before = await model.evaluate(X, Y, { batchSize: BATCH });
  const { history } = await model.fit(X, Y, { batchSize: BATCH, shuffle: false });
  const [kernel, bias] = (await model.weights()) as readonly NdArray[] as [NdArray, NdArray];
  return { model, before, history, kernel, bias };
}

/** Applies `limit` to each column of a kernel, given the column's norm. */
function byColumn(kernel: readonly number[], limit: (norm: number) => number): number[] {
  const norms = Array.from({ length: UNITS }, (_, unit) =>
    Math.hypot(...Array.from({ length: INPUTS }, (__, i) => kernel[i * UNITS + unit] as number)),
  );
  return kernel.map((value, index) => {
    const norm = norms[index % UNITS] as number;
    return (value * limit(norm)) / norm;
  });
}

const penalties: Penalties = {
  kernel: { l1: 0.02, l2: 0.1 },
  bias: { l1: 0.3, l2: 0 },
  activity: { l1: 0.05, l2: 0.07 },
};

const CONSTRAINTS = [
  [maxNorm({ maxValue: 0.9 }), (kernel) => byColumn(kernel, (norm) => Math.min(norm, 0.9))],
  [
    minMaxNorm({ minValue: 1.4, maxValue: 1.5, rate: 0.25 }),
    (kernel) => byColumn(kernel, (norm) => 0.25 * Math.min(1.5, Math.max(1.4, norm)) + 0.75 * norm),
  ],
  [unitNorm(), (kernel) => byColumn(kernel, () => 1)],
  [nonNeg(), (kernel) => kernel.map((value) => Math.max(0, value))],
] as const satisfies readonly (readonly [unknown, (kernel: readonly number[]) => number[]])[];

/** Penalties and constraints. */
export const penaltyCases: readonly ConformanceCase[] = [
  {
    name: "penalties: of kernel, bias and output are in the loss, in its gradients and in evaluate",
    run: async (device) => {
      const { model, before, history, kernel, bias } = await train(device, {
        kernelRegularizer: l1l2(penalties.kernel),
        biasRegularizer: { name: "l1", l1: penalties.bias.l1 },
        activityRegularizer: l1l2(penalties.activity),
      });
      using _ = model;
      const wanted = step(X, Y, KERNEL, BIAS, penalties);
      expectNear("the loss of evaluate", before.loss as number, wanted.loss, TOLERANCE);
      expectNear("the loss of fit", history.loss?.[0] as number, wanted.loss, TOLERANCE);
      expectClose("kernel", kernel, { shape: KERNEL.shape, data: wanted.kernel }, TOLERANCE);
      expectClose("bias", bias, { shape: BIAS.shape, data: wanted.bias }, TOLERANCE);
      using loaded = await loadModel(await model.toFiles(), { device });
      const again = await loaded.evaluate(X, Y, { batchSize: BATCH });
      const moved = await model.evaluate(X, Y, { batchSize: BATCH });
      expectNear("the loss of the saved and loaded model", again.loss as number, moved.loss as number, {
        absolute: 0,
        relative: 0,
      });
    },
  },
  ...CONSTRAINTS.map(
    ([constraint, limit]): ConformanceCase => ({
      name: `constraints: ${constraint.config.name} holds after the step`,
      run: async (device) => {
        const { model, kernel, bias } = await train(device, { kernelConstraint: constraint });
        using _ = model;
        const wanted = step(X, Y, KERNEL, BIAS, { kernel: NONE, bias: NONE, activity: NONE });
        expectClose("kernel", kernel, { shape: KERNEL.shape, data: limit(wanted.kernel) }, TOLERANCE);
        expectClose("bias", bias, { shape: BIAS.shape, data: wanted.bias }, TOLERANCE);
      },
    }),
  ),
];
