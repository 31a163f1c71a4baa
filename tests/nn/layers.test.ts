/** Layers against plain loops, in float64; what they pass on, save and refuse. */
import { describe, expect, test } from "vitest";
import { Random, type Shape } from "../../src/index.ts";
import * as nn from "../../src/nn/layers/index.ts";
import { array, type Numbers, runLayer } from "../support/layer.ts";
import { expectClose } from "../support/tolerance.ts";

const EXACT = { absolute: 1e-6, relative: 1e-6 };

function drawn(shape: Shape, stream: number) {
  const random = new Random(31, stream);
  const size = shape.reduce((product, axis) => product * axis, 1);
  return array(
    shape,
    Array.from({ length: size }, () => random.normal()),
  );
}

/** Builds numbers from a function of the coordinates. */
function numbers(shape: Shape, at: (...index: number[]) => number): Numbers {
  const size = shape.reduce((product, axis) => product * axis, 1);
  const data = Array.from({ length: size }, (_, flat) => {
    const index: number[] = [];
    let rest = flat;
    for (const axis of [...shape].reverse()) {
      index.unshift(rest % axis);
      rest = Math.floor(rest / axis);
    }
    return at(...index);
  });
  return { shape, data };
}

function element({ shape, data }: { shape: Shape; data: ArrayLike<number> }, ...index: number[]): number {
  return data[index.reduce((flat, i, axis) => flat * (shape[axis] as number) + i, 0)] as number;
}

const sum = (count: number, of: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => of(index)).reduce((a, b) => a + b, 0);

const [B, T, C] = [2, 9, 4];
const X = drawn([B, T, C], 0);

describe("conv1d", () => {
  const cases: readonly (Partial<nn.Conv1dOptions> & { readonly kernelSize: number })[] = [
    { kernelSize: 3 },
    { kernelSize: 3, padding: "same" },
    { kernelSize: 4, padding: "same" },
    { kernelSize: 4, padding: "same", strides: 3 },
    { kernelSize: 2, strides: 2 },
    { kernelSize: 3, padding: "causal", dilationRate: 2 },
    { kernelSize: 3, padding: "causal", strides: 2 },
    { kernelSize: 3, padding: "same", dilationRate: 3, groups: 2 },
    { kernelSize: 1, groups: 4 },
  ];
  test.each(cases)("%j", (options) => {
    const { kernelSize, padding = "valid", groups = 1 } = options;
    const [strides, dilationRate] = [Number(options.strides ?? 1), Number(options.dilationRate ?? 1)];
    const filters = 8;
    const kernel = drawn([kernelSize, C / groups, filters], 1);
    const bias = drawn([filters], 2);
    const reach = (kernelSize - 1) * dilationRate;
    const same = Math.ceil(T / strides);
    const begin =
      padding === "causal"
        ? reach
        : padding === "same"
          ? Math.floor(Math.max(0, (same - 1) * strides + reach + 1 - T) / 2)
          : 0;
    const time = padding === "valid" ? Math.ceil((T - reach) / strides) : same;
    const wanted = numbers([B, time, filters], (b, t, f) => {
      const group = Math.floor(f / (filters / groups));
      const products = sum(kernelSize, (k) =>
        sum(C / groups, (c) => {
          const at = t * strides + k * dilationRate - begin;
          return at < 0 || at >= T ? 0 : element(X, b, at, group * (C / groups) + c) * element(kernel, k, c, f);
        }),
      );
      return products + element(bias, f);
    });
    const layer = nn.conv1d({ filters, ...options });
    expect(layer.outputShape([T, C])).toEqual([time, filters]);
    expectClose("output", runLayer(layer, [X], { weights: [kernel, bias] }).output, wanted, EXACT);
  });

  test("refuses what does not fit", () => {
    expect(() => nn.conv1d({ filters: 2, kernelSize: 3, strides: 2, dilationRate: 2 })).toThrow(/one of them to be 1/);
    expect(() => nn.conv1d({ filters: 3, kernelSize: 3, groups: 2 })).toThrow(/multiple of groups/);
    expect(() => nn.conv1d({ filters: 2, kernelSize: 3, padding: "full" as "same" })).toThrow(/valid, same, causal/);
    expect(() => nn.conv1d({ filters: 2, kernelSize: 3, groups: 2 }).weightSpecs([5, 3])).toThrow(/3 features/);
    expect(() => nn.conv1d({ filters: 2, kernelSize: 5 }).outputShape([4, 3])).toThrow(/hold no window of 5/);
    expect(() => nn.conv1d({ filters: 2, kernelSize: 5 }).outputShape([4])).toThrow(/a sequence of vectors/);
    expect(() => nn.conv1d({ filters: 0, kernelSize: 5 })).toThrow(/filters is 0/);
  });
});

describe("pooling", () => {
  test.each([
    { poolSize: 2 },
    { poolSize: 3, strides: 1 },
    { poolSize: 4, strides: 3, padding: "same" as const },
    { poolSize: 2, padding: "same" as const },
  ])("%j", (options) => {
    const { poolSize, strides = poolSize, padding = "valid" } = { strides: undefined, ...options };
    const same = Math.ceil(T / strides);
    const time = padding === "same" ? same : Math.ceil((T - poolSize + 1) / strides);
    const begin = padding === "same" ? Math.floor(Math.max(0, (same - 1) * strides + poolSize - T) / 2) : 0;
    const seen = (b: number, t: number, c: number) =>
      Array.from({ length: poolSize }, (_, k) => t * strides + k - begin)
        .filter((at) => at >= 0 && at < T)
        .map((at) => element(X, b, at, c));
    expectClose(
      "max",
      runLayer(nn.maxPooling1d(options), [X]).output,
      numbers([B, time, C], (b, t, c) => Math.max(...seen(b, t, c))),
      EXACT,
    );
    expectClose(
      "average",
      runLayer(nn.averagePooling1d(options), [X]).output,
      numbers([B, time, C], (b, t, c) => seen(b, t, c).reduce((p, q) => p + q, 0) / seen(b, t, c).length),
      EXACT,
    );
  });

  test("over all time, a mask leaves timesteps out of the mean alone", () => {
    const mask = array([2, 3], [1, 0, 1, 0, 0, 0], "int32");
    const x = array([2, 3, 1], [1, 20, 4, 7, 8, 9]);
    const { output, mask: after } = runLayer(nn.globalAveragePooling1d(), [x], { masks: [mask] });
    expect(output).toEqual({ shape: [2, 1], data: [2.5, 0] });
    expect(after).toBeUndefined();
    expect(runLayer(nn.globalMaxPooling1d({ keepdims: true }), [x], { masks: [mask] }).output).toEqual({
      shape: [2, 1, 1],
      data: [20, 9],
    });
  });
});

describe("normalisation", () => {
  const weights = (shape: Shape) => [drawn(shape, 4), drawn(shape, 5)] as const;

  test("layerNormalization over two axes", () => {
    const [gamma, beta] = weights([T, C]);
    const wanted = numbers([B, T, C], (b, t, c) => {
      const all = Array.from({ length: T * C }, (_, index) => element(X, b, Math.floor(index / C), index % C));
      const mean = all.reduce((p, q) => p + q, 0) / all.length;
      const variance = all.reduce((p, q) => p + (q - mean) ** 2, 0) / all.length;
      return ((element(X, b, t, c) - mean) / Math.sqrt(variance + 0.001)) * element(gamma, t, c) + element(beta, t, c);
    });
    const layer = nn.layerNormalization({ axis: [1, 2] });
    expectClose("output", runLayer(layer, [X], { weights: weights([T, C]) }).output, wanted, EXACT);
  });

  test("batchNormalization counts what the mask leaves, and its statistics follow", () => {
    const mask = numbers([B, T], (b, t) => Number((b + t) % 3 !== 0));
    const start = [...weights([C]), drawn([C], 6), array([C], [1, 2, 3, 4])] as const;
    const [gamma, beta, mean, variance] = start;
    const kept = (c: number) =>
      Array.from({ length: B * T }, (_, index) => index)
        .filter((index) => mask.data[index] === 1)
        .map((index) => X.data[index * C + c] as number);
    const average = (c: number) => kept(c).reduce((p, q) => p + q, 0) / kept(c).length;
    const spread = (c: number) => kept(c).reduce((p, q) => p + (q - average(c)) ** 2, 0) / kept(c).length;
    const came = runLayer(nn.batchNormalization({ momentum: 0.9, epsilon: 0.01 }), [X], {
      weights: start,
      masks: [array([B, T], mask.data, "int32")],
      training: true,
    });
    const wanted = numbers([B, T, C], (b, t, c) => {
      const normalized = (element(X, b, t, c) - average(c)) / Math.sqrt(spread(c) + 0.01);
      return normalized * element(gamma, c) + element(beta, c);
    });
    expectClose("output", came.output, wanted, { absolute: 1e-5, relative: 1e-5 });
    const follow = (old: typeof mean, now: (c: number) => number) =>
      numbers([C], (c) => 0.9 * element(old, c) + 0.1 * now(c));
    expectClose("mean", came.updates.moving_mean as Numbers, follow(mean, average), EXACT);
    expectClose("variance", came.updates.moving_variance as Numbers, follow(variance, spread), EXACT);
    expect(came.mask?.data).toEqual(mask.data);
    expect(runLayer(nn.batchNormalization(), [X]).updates).toEqual({});
    const frozen = nn.batchNormalization({ trainable: false });
    const still = runLayer(frozen, [X], { weights: start, training: true });
    expect(still.updates).toEqual({});
    expect(still.output).toEqual(runLayer(nn.batchNormalization(), [X], { weights: start }).output);
  });
});

describe("noise", () => {
  const ones = array([40, 50, 6], new Array<number>(12000).fill(1));

  test("passes through outside training, with the mask", () => {
    const mask = array([40, 50], new Array<number>(2000).fill(1), "int32");
    for (const layer of [
      nn.dropout({ rate: 0.5 }),
      nn.spatialDropout1d({ rate: 0.5 }),
      nn.gaussianNoise({ stddev: 1 }),
      nn.gaussianDropout({ rate: 0.5 }),
      nn.alphaDropout({ rate: 0.5 }),
    ]) {
      const { output, mask: after } = runLayer(layer, [ones], { masks: [mask] });
      expect(output.data.every((value) => value === 1)).toBe(true);
      expect(after?.data).toEqual(Array.from(mask.data));
    }
  });

  test("dropout with a noise shape drops a feature at all timesteps", () => {
    for (const layer of [
      nn.dropout({ rate: 0.25, noiseShape: [null, 1, null] }),
      nn.spatialDropout1d({ rate: 0.25 }),
    ]) {
      const { output } = runLayer(layer, [ones], { training: true });
      for (let b = 0; b < 40; b++) {
        for (let c = 0; c < 6; c++) {
          const first = element(output, b, 0, c);
          expect([0, 4 / 3]).toContainEqual(Math.round(first * 3e6) / 3e6);
          for (let t = 1; t < 50; t++) expect(element(output, b, t, c)).toBe(first);
        }
      }
    }
    expect(() => runLayer(nn.dropout({ rate: 0.2, noiseShape: [null, 2, null] }), [ones], { training: true })).toThrow(
      /noiseShape is \[, 2, \]/,
    );
  });

  test("a seed of its own draws other numbers, the same ones each time", () => {
    const draw = (seed?: number) =>
      runLayer(nn.dropout({ rate: 0.5, ...(seed !== undefined && { seed }) }), [ones], { training: true }).output.data;
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1)).not.toEqual(draw());
  });

  test("gaussian and alpha noise have the moments they promise", () => {
    const moments = (layer: nn.Layer, x = ones) => {
      const { data } = runLayer(layer, [x], { training: true }).output;
      const mean = data.reduce((a, b) => a + b, 0) / data.length;
      return { mean, deviation: Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length) };
    };
    // 12,000 numbers: the mean's error is below 0.03 standard deviations.
    const near = (came: { mean: number; deviation: number }, mean: number, deviation: number) => {
      expect(Math.abs(came.mean - mean)).toBeLessThan(0.04 * deviation);
      expect(Math.abs(came.deviation / deviation - 1)).toBeLessThan(0.03);
    };
    near(moments(nn.gaussianNoise({ stddev: 0.5 })), 1, 0.5);
    near(moments(nn.gaussianDropout({ rate: 0.2 })), 1, 0.5);
    near(moments(nn.alphaDropout({ rate: 0.2 }), drawn([40, 50, 6], 9)), 0, 1);
  });
});

describe("masking and embedding", () => {
  test("masking leaves out timesteps whose features are all the value", () => {
    const x = array([1, 3, 2], [5, 5, 5, 1, 5, 5]);
    const { output, mask } = runLayer(nn.masking({ maskValue: 5 }), [x]);
    expect(output.data).toEqual([0, 0, 5, 1, 0, 0]);
    expect(mask?.data).toEqual([0, 1, 0]);
  });

  test("an embedding begins with given weights, and masks id 0", () => {
    const layer = nn.embedding({
      inputDim: 3,
      outputDim: 2,
      maskZero: true,
      weights: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    });
    const { output, mask } = runLayer(layer, [array([1, 3], [2, 0, 1], "int32")]);
    expect(output.data).toEqual([5, 6, 1, 2, 3, 4]);
    expect(mask?.data).toEqual([1, 0, 1]);
    expect(() => nn.embedding({ inputDim: 3, outputDim: 2, weights: [[1, 2]] })).toThrow(
      /weights are \[1, 2\].*\[3, 2\]/,
    );
  });
});

describe("reshaping", () => {
  const x = array([1, 3, 2], [1, 2, 3, 4, 5, 6]);

  test.each<[string, nn.Layer, Shape, readonly number[]]>([
    ["flatten", nn.flatten(), [1, 6], [1, 2, 3, 4, 5, 6]],
    ["reshape", nn.reshape({ targetShape: [2, -1] }), [1, 2, 3], [1, 2, 3, 4, 5, 6]],
    ["permute", nn.permute({ dims: [2, 1] }), [1, 2, 3], [1, 3, 5, 2, 4, 6]],
    ["cropping1d", nn.cropping1d({ cropping: [0, 2] }), [1, 1, 2], [1, 2]],
    ["zeroPadding1d", nn.zeroPadding1d({ padding: [1, 0] }), [1, 4, 2], [0, 0, 1, 2, 3, 4, 5, 6]],
    ["upSampling1d", nn.upSampling1d({ size: 2 }), [1, 6, 2], [1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 5, 6]],
  ])("%s", (_name, layer, shape, data) => {
    const { output } = runLayer(layer, [x]);
    expect(output).toEqual({ shape, data });
    expect(layer.outputShape([3, 2])).toEqual(shape.slice(1));
  });

  test("repeatVector", () => {
    const { output } = runLayer(nn.repeatVector({ n: 2 }), [array([2, 2], [1, 2, 3, 4])]);
    expect(output).toEqual({ shape: [2, 2, 2], data: [1, 2, 1, 2, 3, 4, 3, 4] });
  });

  test("refuses what does not fit", () => {
    expect(() => nn.reshape({ targetShape: [-1, -1] })).toThrow(/at most one of them −1/);
    expect(() => nn.reshape({ targetShape: [4, -1] }).outputShape([3, 2])).toThrow(/does not hold as many/);
    expect(() => nn.permute({ dims: [2, 3] })).toThrow(/each of 1…2 once/);
    expect(() => nn.cropping1d({ cropping: 2 }).outputShape([4, 3])).toThrow(/leave none/);
    expect(() => nn.repeatVector({ n: 2 }).outputShape([3, 2])).toThrow(/one vector per example/);
    expect(() => nn.prelu({ sharedAxes: [0] })).toThrow(/axis 0 is the batch/);
    expect(() => nn.layerNormalization({ axis: 0 }).weightSpecs([3])).toThrow(/0 is the batch/);
  });
});

test("an option that the layer does not have is an error by name", () => {
  const wrong = { units: 3, kernelRegulariser: "l2" } as unknown as nn.DenseOptions;
  expect(() => nn.dense(wrong)).toThrow(/dense: unknown option "kernelRegulariser"; did you mean kernelRegularizer\?/);
  expect(() => nn.dense({ units: 3, use_bias: false } as never)).toThrow(/did you mean useBias\?/);
  expect(() => nn.lstmCell({ units: 3, returnSequences: true } as never)).toThrow(/unknown option "returnSequences"/);
  expect(() =>
    runLayer(nn.dense({ units: 3, kernelRegularizer: "l2", biasConstraint: null }), [drawn([2, 3], 0)], {
      weights: [drawn([3, 3], 1)],
    }),
  ).not.toThrow();
});

test("dataFormat is channels_last", () => {
  const make = (dataFormat: string) => [
    () => nn.conv1d({ filters: 1, kernelSize: 1, dataFormat: dataFormat as "channels_last" }),
    () => nn.maxPooling1d({ poolSize: 1, dataFormat: dataFormat as "channels_last" }),
    () => nn.globalMaxPooling1d({ dataFormat: dataFormat as "channels_last" }),
    () => nn.zeroPadding1d({ dataFormat: dataFormat as "channels_last" }),
    () => nn.flatten({ dataFormat: dataFormat as "channels_last" }),
  ];
  for (const one of make("channels_first")) expect(one).toThrow(/expected "channels_last".*permute/);
  for (const one of make("channels_last")) expect(one).not.toThrow();
});

test("every layer is made again from its saved options", () => {
  const layers: readonly nn.Layer[] = [
    nn.activation({ name: "gelu", approximate: true }, { activityRegularizer: "l2" }),
    nn.relu({ maxValue: 3, negativeSlope: 0.1, threshold: 0.5 }),
    nn.leakyRelu({ negativeSlope: 0.1 }),
    nn.elu({ alpha: 2 }),
    nn.softmax({ axis: 1 }),
    nn.prelu({ sharedAxes: [1], alphaInitializer: "ones", alphaConstraint: "nonNeg" }),
    nn.dense({ units: 3, activation: "mish", useBias: false }),
    nn.embedding({ inputDim: 4, outputDim: 2, maskZero: true, embeddingsRegularizer: "l1" }),
    nn.masking({ maskValue: -1 }),
    nn.dropout({ rate: 0.2, noiseShape: [null, 1], seed: 4 }),
    nn.spatialDropout1d({ rate: 0.2 }),
    nn.gaussianNoise({ stddev: 0.3 }),
    nn.gaussianDropout({ rate: 0.1 }),
    nn.alphaDropout({ rate: 0.1, seed: 3 }),
    nn.layerNormalization({ axis: [1, 2], epsilon: 0.1, center: false, gammaRegularizer: "l2" }),
    nn.batchNormalization({ axis: 1, momentum: 0.5, movingVarianceInitializer: "zeros", scale: false }),
    nn.conv1d({
      filters: 4,
      kernelSize: [3],
      padding: "causal",
      dilationRate: 2,
      activation: "relu",
      biasConstraint: "nonNeg",
    }),
    nn.maxPooling1d({ poolSize: 3, strides: 2 }),
    nn.averagePooling1d({ padding: "same" }),
    nn.globalAveragePooling1d({ keepdims: true }),
    nn.globalMaxPooling1d(),
    nn.flatten(),
    nn.reshape({ targetShape: [2, -1] }),
    nn.permute({ dims: [2, 1] }),
    nn.repeatVector({ n: 4 }),
    nn.cropping1d({ cropping: [1, 2] }),
    nn.zeroPadding1d({ padding: 3 }),
    nn.upSampling1d({ size: 3 }),
  ];
  for (const layer of layers) {
    const saved = JSON.parse(JSON.stringify(layer.config)) as Record<string, unknown>;
    const again = nn.layerFromConfig(layer.className, saved, "again");
    expect(again.config, layer.className).toEqual(layer.config);
    expect(again.constructor, layer.className).toBe(layer.constructor);
    expect(again.name).toBe("again");
  }
});

test("softmax gives 0 where its mask is false, and throughout a row of which the mask leaves nothing", () => {
  const x = array([2, 3], [0, 5, Math.log(3), 1, 2, 3]);
  const mask = array([2, 3], [1, 0, 1, 0, 0, 0], "int32");
  const { output } = runLayer(nn.softmax(), [x], { masks: [mask] });
  expectClose("output", output, { shape: [2, 3], data: [0.25, 0, 0.75, 0, 0, 0] }, EXACT);
});
