/** Optimizers in a model: moving averages, resuming, names and options. */

import { beforeAll, describe, expect, test } from "vitest";
import { whenLoaded } from "../../src/core/named.ts";
import {
  AbortError,
  adadelta,
  adagrad,
  adam,
  adamax,
  cosineDecay,
  type Device,
  ftrl,
  lion,
  loadModel,
  nadam,
  type Optimizer,
  sgd,
  ValueError,
} from "../../src/index.ts";
import { resolveOptimizer } from "../../src/nn/optimizers/index.ts";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const data = smallData(22);
const fit = { batchSize: 8, shuffle: false };

/** All weights end to end. */
async function flat(model: ReturnType<typeof smallModel>): Promise<number[]> {
  return (await model.weights()).flatMap(({ data }) => Array.from(data));
}

/** The weights after each of `steps` steps of plain SGD. */
async function path(steps: number): Promise<number[][]> {
  using model = smallModel(device, { optimizer: sgd({ learningRate: 0.5 }) });
  const weights: number[][] = [];
  const onProgress = async () => {
    if (weights.length < steps) weights.push(await flat(model));
  };
  await model.fit(data, { ...fit, epochs: Math.ceil(steps / 3), onProgress });
  return weights;
}

describe("useEma", () => {
  test("the weights are their moving average once fit has ended", async () => {
    const weights = await path(6);
    // 0 at the first step: the average begins as the weight.
    const wanted = weights.reduce((average, w) => average.map((a, index) => 0.8 * a + 0.2 * (w[index] as number)));
    using model = smallModel(device, { optimizer: sgd({ learningRate: 0.5, useEma: true, emaMomentum: 0.8 }) });
    await model.fit(data, { ...fit, epochs: 2 });
    const came = await flat(model);
    for (const [index, weight] of came.entries()) expect(weight).toBeCloseTo(wanted[index] as number, 6);
    expect(
      Math.max(...came.map((weight, index) => Math.abs(weight - (weights[5]?.[index] as number)))),
    ).toBeGreaterThan(0.01);
  });

  test("emaOverwriteFrequency overwrites the weights meanwhile", async () => {
    using model = smallModel(device, {
      optimizer: sgd({ learningRate: 0.5, useEma: true, emaMomentum: 0.5, emaOverwriteFrequency: 2 }),
    });
    const seen: number[][] = [];
    await model.fit(data, { ...fit, onProgress: async () => void seen.push(await flat(model)) });
    const [first, second] = (await path(2)) as [number[], number[]];
    expect(seen[0]).toEqual(first);
    seen[1]?.forEach((weight, index) => {
      expect(weight).toBeCloseTo(0.5 * (first[index] as number) + 0.5 * (second[index] as number), 6);
    });
  });
});

/** Stops after 4 of 9 steps, saves, loads, goes on. */
async function stoppedAndResumed(optimizer: Optimizer): Promise<number[]> {
  using first = smallModel(device, { optimizer });
  const controller = new AbortController();
  let done = 0;
  const onProgress = () => {
    if (++done === 4) controller.abort();
  };
  const stopped = first.fit(data, { epochs: 3, batchSize: 8, signal: controller.signal, onProgress });
  await expect(stopped).rejects.toThrow(AbortError);
  using second = await loadModel(await first.toFiles(), { device });
  await second.fit(data, { resume: true });
  return weightBits(second);
}

const MAKERS: Readonly<Record<string, () => Optimizer>> = {
  adagrad: () => adagrad({ learningRate: 0.1, initialAccumulatorValue: 0.2 }),
  adadelta: () => adadelta({ learningRate: 1, rho: 0.9 }),
  nadam: () => nadam({ learningRate: 0.01, clipvalue: 0.5 }),
  lion: () => lion({ learningRate: 0.003, weightDecay: 0.1 }),
  adamax: () => adamax({ learningRate: 0.01 }),
  ftrl: () => ftrl({ learningRate: 0.05, l1RegularizationStrength: 0.001 }),
  "adam on a schedule, averaged": () =>
    adam({
      learningRate: cosineDecay({ initialLearningRate: 0.001, warmupTarget: 0.02, warmupSteps: 3, decaySteps: 5 }),
      useEma: true,
      emaMomentum: 0.7,
      emaOverwriteFrequency: 3,
    }),
};

describe("stopped, saved, loaded and resumed ends as never stopped", () => {
  test.each(Object.entries(MAKERS))("%s", async (_, make) => {
    using whole = smallModel(device, { optimizer: make() });
    await whole.fit(data, { epochs: 3, batchSize: 8 });
    expect(await stoppedAndResumed(make())).toEqual(await weightBits(whole));
  });
});

describe("names and options", () => {
  test.each(["sgd", "Adam", "adamW", "adamw", "Adamax", "nadam", "RMSprop", "adagrad", "Adadelta", "lion", "Ftrl"])(
    "%s",
    async (name) => {
      const { config } = await whenLoaded(() => resolveOptimizer(name));
      expect(config.name.toLowerCase()).toBe(name.toLowerCase());
      expect(resolveOptimizer(JSON.parse(JSON.stringify(config))).config).toEqual(config);
    },
  );

  test.each([
    [() => resolveOptimizer("adm"), /unknown optimizer "adm"; expected one of sgd, adam, /],
    [() => resolveOptimizer({ name: "adam", beta3: 1 }), /adam: unknown option "beta3"; did you mean beta1/],
    [() => adam({ clipnorm: 1, clipvalue: 1 }), /got clipnorm and clipvalue; expected at most one/],
    [() => adam({ emaMomentum: 2 }), /emaMomentum is 2/],
    [() => adam({ useEma: true, emaOverwriteFrequency: 1.5 }), /emaOverwriteFrequency is 1.5/],
    [() => lion({ beta1: 0 }), /beta1 is 0/],
    [() => ftrl({ learningRatePower: 0.5 }), /ftrl: learningRatePower is 0.5; expected a finite number of at most 0/],
    [() => adagrad({ initialAccumulatorValue: -1 }), /initialAccumulatorValue is -1/],
  ])("%# is refused", (make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });

  test("options may be null where Keras writes None", () => {
    expect(resolveOptimizer({ name: "adam", clipnorm: null, weightDecay: null }).config).toMatchObject({
      weightDecay: 0,
    });
  });
});
