/** Losses, metrics and optimizers against Keras's figures. */
import { whenLoaded } from "../../src/core/named.ts";
import {
  type Device,
  gradients,
  inputValue,
  type NdArray,
  ops,
  Program,
  type Value,
  Variable,
} from "../../src/index.ts";
import { resolveLoss } from "../../src/nn/losses/index.ts";
import { resolveMetric } from "../../src/nn/metrics/index.ts";
import { resolveOptimizer } from "../../src/nn/optimizers/index.ts";
import { RATE_COUNT } from "../../src/ops/optimizers/update_op.ts";
import { variablesOf } from "../../src/runtime/run/variables.ts";
import losses from "../fixtures/keras_losses.json" with { type: "json" };
import metrics from "../fixtures/keras_metrics.json" with { type: "json" };
import optimizers from "../fixtures/optimizers.json" with { type: "json" };
import { expectClose, expectNear } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";
import { GRADIENTS, type KerasArray, runOnce, toArray, VALUES } from "./keras_case.ts";

interface LossCase {
  readonly loss: string;
  readonly options: Readonly<Record<string, number>>;
  readonly yTrue: KerasArray;
  readonly yPred: KerasArray;
  readonly value: number;
  readonly gradient: KerasArray;
  readonly sampleWeight: KerasArray;
  readonly weightedValue: number;
}

async function compareLoss(device: Device, fixture: LossCase): Promise<void> {
  const loss = await whenLoaded(() => resolveLoss({ name: fixture.loss, ...fixture.options }));
  const yTrue = inputValue("yTrue", fixture.yTrue.shape);
  const yPred = inputValue("yPred", fixture.yPred.shape);
  const sampleWeight = inputValue("sampleWeight", fixture.sampleWeight.shape);
  const value = ops.mean(loss.perSample(yTrue, yPred));
  const weighted = ops.mean(ops.mul(loss.perSample(yTrue, yPred), sampleWeight));
  const feeds = new Map([
    [yTrue, toArray(fixture.yTrue)],
    [yPred, toArray(fixture.yPred)],
    [sampleWeight, toArray(fixture.sampleWeight)],
  ]);
  const outputs = [value, weighted, ...gradients(value, [yPred])];
  const [came, cameWeighted, gradient] = await runOnce(device, fixture.loss, outputs, feeds);
  expectNear(`${fixture.loss}: weighted`, cameWeighted?.data[0] as number, fixture.weightedValue, VALUES);
  expectNear(`${fixture.loss}: value`, came?.data[0] as number, fixture.value, VALUES);
  expectClose(`${fixture.loss}: gradient by yPred`, gradient as NdArray, fixture.gradient, GRADIENTS);
}

interface MetricCase {
  readonly metric: string;
  readonly batches: readonly number[];
  readonly yTrue: KerasArray;
  readonly yPred: KerasArray;
  readonly value: readonly number[];
}

/**
 * Options that Keras was given where they are not its defaults: 4 classes leave nothing to the default of the 5
 * largest.
 */
const METRIC_OPTIONS: Readonly<Record<string, object>> = {
  topKCategoricalAccuracy: { k: 2 },
  f1Score: { threshold: 0.5 },
};

/** The sums over the batches, each run by itself, and their result. */
async function compareMetric(device: Device, fixture: MetricCase): Promise<void> {
  const options = METRIC_OPTIONS[fixture.metric] ?? {};
  const metric = await whenLoaded(() => resolveMetric({ id: fixture.metric, ...options }, resolveLoss("mse"), 1));
  let sums: Float32Array[] = [];
  let from = 0;
  for (const size of fixture.batches) {
    const rows = ({ shape, data }: KerasArray): NdArray => {
      const width = data.length / (shape[0] as number);
      return {
        shape: [size, ...shape.slice(1)],
        data: Float32Array.from(data.slice(from * width, (from + size) * width)),
      };
    };
    const [yTrue, yPred] = [rows(fixture.yTrue), rows(fixture.yPred)];
    const feeds = new Map([yTrue, yPred].map((array, index) => [inputValue(`${index}`, array.shape), array] as const));
    const [y, p] = [...feeds.keys()] as [Value, Value];
    const added = await runOnce(device, fixture.metric, metric.update({ yTrue: y, yPred: p }), feeds);
    sums = added.map(({ data }, index) => Float32Array.from(data, (x, at) => x + (sums[index]?.[at] ?? 0)));
    from += size;
  }
  const came = [metric.result(sums, from)].flat();
  fixture.value.forEach((value, index) => {
    expectNear(fixture.metric, came[index] as number, value, VALUES);
  });
}

interface OptimizerCase {
  readonly optimizer: string;
  readonly options: Readonly<Record<string, number | boolean>>;
  readonly start: readonly KerasArray[];
  readonly gradients: readonly (readonly KerasArray[])[];
  readonly end: readonly KerasArray[];
}

/** One program that is run for each of the eight gradients. */
async function compareOptimizer(device: Device, fixture: OptimizerCase): Promise<void> {
  const optimizer = await whenLoaded(() => resolveOptimizer({ name: fixture.optimizer, ...fixture.options }));
  const weights = fixture.start.map(
    (array, index) => new Variable({ name: `w${index}`, shape: array.shape, initial: () => toArray(array) }),
  );
  const slots = weights.map((weight) => optimizer.slots(weight));
  const grads = weights.map(({ name, shape }) => inputValue(`gradient of ${name}`, shape));
  const rates = inputValue("rates", [RATE_COUNT]);
  const status = inputValue("status", [1], "int32");
  const clipped = optimizer.clip(grads);
  const updates = weights.flatMap((weight, index) =>
    optimizer.update(weight, slots[index] ?? [], { gradient: clipped[index] as Value, rates, status }),
  );
  const program = await Program.compile(
    device,
    { outputs: [], updates },
    { label: fixture.optimizer, inputs: [...grads, rates, status] },
  );
  const all = [...weights, ...slots.flat()];
  try {
    fixture.gradients.forEach((step, iteration) => {
      const feeds = new Map<Value, NdArray>(grads.map((value, index) => [value, toArray(step[index] as KerasArray)]));
      feeds.set(rates, { shape: [RATE_COUNT], data: Float32Array.from(optimizer.rates(iteration)) });
      feeds.set(status, { shape: [1], data: new Int32Array(1) });
      program.submit(feeds);
    });
    const came = await variablesOf(device).read(weights);
    came.forEach((array, index) => {
      expectClose(`${fixture.optimizer}: weight ${index}`, array, fixture.end[index] as KerasArray, {
        absolute: 2e-6,
        relative: 2e-5,
      });
    });
  } finally {
    program.dispose();
    variablesOf(device).release(all);
  }
}

const optionsOf = (options: Readonly<Record<string, unknown>>) =>
  Object.entries(options)
    .map(([name, value]) => `, ${name} ${value}`)
    .join("");

/** One case for each of Keras's. */
export const kerasPartCases: readonly ConformanceCase[] = [
  ...(losses as unknown as readonly LossCase[]).map(
    (fixture): ConformanceCase => ({
      name: `keras: loss ${fixture.loss}${optionsOf(fixture.options)}`,
      run: (device) => compareLoss(device, fixture),
    }),
  ),
  ...(metrics as unknown as readonly MetricCase[]).map(
    (fixture): ConformanceCase => ({
      name: `keras: metric ${fixture.metric}`,
      run: (device) => compareMetric(device, fixture),
    }),
  ),
  ...(optimizers as unknown as readonly OptimizerCase[]).map(
    (fixture): ConformanceCase => ({
      name: `keras: optimizer ${fixture.optimizer}${optionsOf(fixture.options)}`,
      run: (device) => compareOptimizer(device, fixture),
    }),
  ),
];
