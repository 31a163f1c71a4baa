/** Layers of several inputs against plain loops, in float64: values and Keras's mask rules. */
import { describe, expect, test } from "vitest";
import { type NdArray, Random, type Shape } from "../../src/index.ts";
import * as nn from "../../src/nn/layers/index.ts";
import { array, runLayer } from "../support/layer.ts";
import { expectClose } from "../support/tolerance.ts";

const EXACT = { absolute: 1e-6, relative: 1e-6 };

function drawn(shape: Shape, stream: number): NdArray {
  const random = new Random(41, stream);
  const size = shape.reduce((product, axis) => product * axis, 1);
  return array(
    shape,
    Array.from({ length: size }, () => random.normal()),
  );
}

const mask = (...flags: number[]) => array([1, flags.length], flags, "int32");
const steps = (...values: number[]) => array([1, values.length, 1], values);
const list = (values: readonly number[]) => values.map((value) => Math.round(value * 1e6) / 1e6 + 0);

describe("merging", () => {
  const [a, b] = [steps(1, 2, 3, 4), steps(10, -20, 30, 40)];
  const masks = [mask(1, 1, 0, 0), mask(1, 0, 1, 0)];

  test.each<[string, () => nn.Layer, readonly number[], readonly number[]]>([
    ["add", nn.add, [11, -18, 33, 44], [11, -18, 33, 44]],
    ["subtract", nn.subtract, [-9, 22, -27, -36], [-9, 22, -27, -36]],
    ["average", nn.average, [5.5, -9, 16.5, 22], [5.5, -9, 16.5, 22]],
    // Masked steps: the other's value alone; 0 where both are masked.
    ["multiply", nn.multiply, [10, -40, 90, 160], [10, 2, 30, 0]],
    ["maximum", nn.maximum, [10, 2, 30, 40], [10, 2, 30, 4]],
    ["minimum", nn.minimum, [1, -20, 3, 4], [1, 2, 30, 4]],
  ])("%s, and with masks", (_name, make, plain, masked) => {
    const without = runLayer(make(), [a, b]);
    expect(without.output.data).toEqual(plain);
    expect(without.mask).toBeUndefined();
    const withBoth = runLayer(make(), [a, b], { masks });
    expect(withBoth.output.data).toEqual(masked);
    expect(withBoth.mask?.data).toEqual([1, 1, 1, 0]);
    expect(runLayer(make(), [a, b], { masks: [masks[0], undefined] }).mask).toBeUndefined();
  });

  test("inputs of fewer axes are spread over time", () => {
    const { output } = runLayer(nn.add(), [drawn([2, 3, 2], 0), array([2, 2], [1, 2, 3, 4])]);
    const x = drawn([2, 3, 2], 0).data;
    expect(list(output.data)).toEqual(
      list(Array.from(x, (value, index) => value + 1 + (index % 2) + 2 * Math.floor(index / 6))),
    );
    expect(nn.add().outputShape([3, 2], [2])).toEqual([3, 2]);
    expect(() => nn.add().outputShape([3, 2], [4, 2])).toThrow(/do not broadcast/);
  });

  test("concatenate joins values and masks", () => {
    const features = runLayer(nn.concatenate(), [a, b], { masks });
    expect(features.output).toEqual({ shape: [1, 4, 2], data: [1, 10, 2, -20, 3, 30, 4, 40] });
    expect(features.mask?.data).toEqual([1, 1, 1, 0]);
    const time = runLayer(nn.concatenate({ axis: 1 }), [a, steps(7)], { masks: [masks[0], undefined] });
    expect(time.output).toEqual({ shape: [1, 5, 1], data: [1, 2, 3, 4, 7] });
    expect(time.mask).toEqual({ shape: [1, 5], data: [1, 1, 0, 0, 1] });
    expect(() => nn.concatenate().outputShape([3, 2], [4, 2])).toThrow(/equal sizes but along axis -1/);
    expect(() => nn.concatenate({ axis: 0 }).outputShape([3], [3])).toThrow(/axis 0 is the batch/);
  });
});

describe("dot", () => {
  test("over chosen axes, against loops", () => {
    const [x, y] = [drawn([2, 3, 4], 1), drawn([2, 5, 3], 2)];
    const wanted: number[] = [];
    for (let b = 0; b < 2; b++) {
      for (let d = 0; d < 4; d++) {
        for (let s = 0; s < 5; s++) {
          let sum = 0;
          for (let k = 0; k < 3; k++) {
            sum += (x.data[(b * 3 + k) * 4 + d] as number) * (y.data[(b * 5 + s) * 3 + k] as number);
          }
          wanted.push(sum);
        }
      }
    }
    const { output } = runLayer(nn.dot({ axes: [1, 2] }), [x, y]);
    expectClose("dot", output, { shape: [2, 4, 5], data: wanted }, EXACT);
  });

  test("of vectors is one number each; normalized, the cosine", () => {
    const [x, y] = [array([2, 2], [3, 4, 1, 0]), array([2, 2], [4, 3, 0, 0])];
    expect(runLayer(nn.dot({ axes: 1 }), [x, y]).output).toEqual({ shape: [2, 1], data: [24, 0] });
    expect(list(runLayer(nn.dot({ axes: -1, normalize: true }), [x, y]).output.data)).toEqual([0.96, 0]);
    expect(() => nn.dot({ axes: 1 }).outputShape([3], [4])).toThrow(/axes of one size/);
    expect(() => nn.dot({ axes: 0 }).outputShape([3], [3])).toThrow(/not the batch/);
  });
});

/** softmax(scores)·values for one example, where `counts` says which values count for a query. */
function attend(
  [queries, values]: readonly [number, number],
  score: (q: number, v: number) => number,
  counts: (q: number, v: number) => boolean,
  value: (v: number, d: number) => number,
  width: number,
): number[] {
  return Array.from({ length: queries }, (_, q) => {
    const weights = Array.from({ length: values }, (__, v) => (counts(q, v) ? Math.exp(score(q, v)) : 0));
    const total = weights.reduce((a, b) => a + b, 0);
    return Array.from({ length: width }, (__, d) => weights.reduce((sum, w, v) => sum + (w / total) * value(v, d), 0));
  }).flat();
}

describe("attention", () => {
  const [Q, V, D, W] = [3, 4, 2, 5];
  const [query, value, key] = [drawn([1, Q, D], 3), drawn([1, V, W], 4), drawn([1, V, D], 5)];
  const at = ({ data }: NdArray, row: number, column: number, width: number) => data[row * width + column] as number;
  const products = (q: number, v: number) =>
    at(query, q, 0, D) * at(key, v, 0, D) + at(query, q, 1, D) * at(key, v, 1, D);
  const sums = (q: number, v: number, scale: number) =>
    [0, 1].map((d) => Math.tanh(scale * (at(query, q, d, D) + at(key, v, d, D))));
  const values = (v: number, d: number) => at(value, v, d, W);
  const masks = [mask(1, 0, 1), mask(1, 1, 0, 1)];

  test("dot, scaled, causal, with masks", () => {
    const layer = nn.attention({ useScale: true, useCausalMask: true });
    const { output, mask: after } = runLayer(layer, [query, value, key], { weights: [array([], [0.7])], masks });
    const wanted = attend(
      [Q, V],
      (q, v) => 0.7 * products(q, v),
      (q, v) => v <= q && v !== 2,
      values,
      W,
    );
    // The second query is masked: zeros.
    const data = wanted.map((x, index) => (Math.floor(index / W) === 1 ? 0 : x));
    expectClose("output", output, { shape: [1, Q, W], data }, EXACT);
    expect(after?.data).toEqual([1, 0, 1]);
  });

  test("concat", () => {
    const layer = nn.attention({ scoreMode: "concat", useScale: true });
    const { output } = runLayer(layer, [query, value, key], { weights: [array([], [0.7]), array([], [1.3])] });
    const score = (q: number, v: number) => 1.3 * sums(q, v, 0.7).reduce((a, b) => a + b, 0);
    expectClose("output", output, { shape: [1, Q, W], data: attend([Q, V], score, () => true, values, W) }, EXACT);
  });

  test("additive", () => {
    const { output } = runLayer(nn.additiveAttention(), [query, value, key], {
      weights: [array([D], [0.4, -2])],
      masks: [undefined, masks[1]],
    });
    const score = (q: number, v: number) => 0.4 * (sums(q, v, 1)[0] as number) - 2 * (sums(q, v, 1)[1] as number);
    expectClose(
      "output",
      output,
      { shape: [1, Q, W], data: attend([Q, V], score, (_, v) => v !== 2, values, W) },
      EXACT,
    );
  });

  test("several heads", () => {
    const [heads, size, wide, out] = [2, 3, 4, 6];
    const shapes: Shape[] = [
      ...([
        [D, heads, size],
        [heads, size],
      ] as const),
      ...([
        [D, heads, size],
        [heads, size],
      ] as const),
      ...([
        [W, heads, wide],
        [heads, wide],
      ] as const),
      ...([[heads, wide, out], [out]] as const),
    ];
    const weights = shapes.map((shape, index) => drawn(shape, 10 + index));
    const layer = nn.multiHeadAttention({ numHeads: heads, keyDim: size, valueDim: wide, outputShape: out });
    const { output } = runLayer(layer, [query, value, key], { weights, masks: [undefined, masks[1]] });
    const project = (
      x: NdArray,
      width: number,
      which: number,
      head: number,
      row: number,
      column: number,
      each: number,
    ) => {
      let sum = (weights[which + 1] as NdArray).data[head * each + column] as number;
      for (let d = 0; d < width; d++) {
        sum += at(x, row, d, width) * ((weights[which] as NdArray).data[(d * heads + head) * each + column] as number);
      }
      return sum;
    };
    const perHead = [0, 1].map((head) => {
      const score = (q: number, v: number) => {
        let sum = 0;
        for (let k = 0; k < size; k++)
          sum += project(query, D, 0, head, q, k, size) * project(key, D, 2, head, v, k, size);
        return sum / Math.sqrt(size);
      };
      return attend(
        [Q, V],
        score,
        (_, v) => v !== 2,
        (v, d) => project(value, W, 4, head, v, d, wide),
        wide,
      );
    });
    const [kernel, bias] = weights.slice(6) as [NdArray, NdArray];
    const data = Array.from({ length: Q * out }, (_, index) => {
      const [q, o] = [Math.floor(index / out), index % out];
      let sum = bias.data[o] as number;
      for (let head = 0; head < heads; head++) {
        for (let d = 0; d < wide; d++) {
          sum += (perHead[head]?.[q * wide + d] as number) * (kernel.data[(head * wide + d) * out + o] as number);
        }
      }
      return sum;
    });
    expectClose("output", output, { shape: [1, Q, out], data }, { absolute: 1e-5, relative: 1e-5 });
  });

  test("refuses what does not fit", () => {
    expect(() => nn.attention({ scoreMode: "general" as "dot" })).toThrow(/expected one of dot, concat/);
    expect(() => nn.attention().outputShape([3, 2], [4, 3])).toThrow(/expected query \[B, Tq, D\]/);
    expect(() => nn.attention({ dropout: 1 })).toThrow(/dropout is 1; expected 0 ≤ number < 1/);
    expect(() => nn.multiHeadAttention({ numHeads: 0, keyDim: 2 })).toThrow(/numHeads is 0/);
    expect(() => nn.multiHeadAttention({ numHeads: 1, keyDim: 2 }).outputShape([3, 2], [4])).toThrow(/expected query/);
    expect(() => nn.subtract().expectInputs([1, 2, 3])).toThrow(/got 3 inputs; expected 2/);
  });
});

test("every joining layer is made again from its saved options", () => {
  const layers: readonly nn.Layer[] = [
    ...[nn.add(), nn.subtract(), nn.multiply(), nn.average(), nn.maximum(), nn.minimum()],
    nn.concatenate({ axis: 1 }),
    nn.dot({ axes: [1, 2], normalize: true }),
    nn.attention({ useScale: true, scoreMode: "concat", dropout: 0.1, seed: 3 }),
    nn.additiveAttention({ useScale: false, useCausalMask: true }),
    nn.multiHeadAttention({ numHeads: 2, keyDim: 3, outputShape: [7], kernelRegularizer: "l2", seed: 1 }),
  ];
  for (const layer of layers) {
    const saved = JSON.parse(JSON.stringify(layer.config)) as Record<string, unknown>;
    const again = nn.layerFromConfig(layer.className, saved, "again");
    expect(again.config, layer.className).toEqual(layer.config);
    expect(again.constructor, layer.className).toBe(layer.constructor);
  }
});
