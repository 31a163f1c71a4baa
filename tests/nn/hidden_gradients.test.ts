/**
 * Gradients by the hidden state: compared with differences of the float64 interpreter, started anew from a changed
 * state.
 */
import { beforeAll, expect, it } from "vitest";
import type { ReferenceArray } from "../../src/graph/op.ts";
import {
  type Device,
  dense,
  embedding,
  globalAveragePooling1d,
  gru,
  lstm,
  type Model,
  type NdArray,
  peepholeLstmCell,
  rnn,
  sequential,
  simpleRnn,
} from "../../src/index.ts";
import type { Rnn } from "../../src/nn/layers/index.ts";
import { testDevice } from "../support/device.ts";
import { built, normals, run } from "./recurrent_support.ts";

const [TIME, SIZE, UNITS, STEP] = [5, 3, 4, 1e-3];

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const KINDS: readonly (readonly [string, (returnSequences: boolean) => Rnn])[] = [
  ["LSTM", (returnSequences) => lstm({ units: UNITS, returnSequences, name: "memory" })],
  [
    "LSTM with peepholes",
    (returnSequences) => rnn({ cell: peepholeLstmCell({ units: UNITS }), returnSequences, name: "memory" }),
  ],
  ["GRU", (returnSequences) => gru({ units: UNITS, returnSequences, name: "memory" })],
  ["SimpleRNN", (returnSequences) => simpleRnn({ units: UNITS, returnSequences, name: "memory" })],
];

/** Row `row` of x `[B, T, D]`, from step `from` up to `to`. */
function steps(x: NdArray, row: number, from: number, to: number): NdArray {
  const data = x.data.slice((row * TIME + from) * SIZE, (row * TIME + to) * SIZE);
  return { shape: [1, to - from, SIZE], data: Float32Array.from(data) };
}

/**
 * What the output is with the states after step t as given: the weights of `dense` on the last h, or on the mean of
 * all.
 */
function scoreFrom(layer: Rnn, x: NdArray, row: number, t: number, states: readonly Float64Array[], out: NdArray) {
  const dot = (h: ArrayLike<number>, at = 0) =>
    Array.from(out.data)
      .slice(0, UNITS)
      .reduce((sum, weight, unit) => sum + weight * (h[at + unit] as number), 0);
  const own = dot(states[0] as Float64Array);
  if (t === TIME - 1) return layer.returnSequences ? own / TIME : own;
  const given = states.map((data) => ({ shape: [1, UNITS], data: data as unknown as Float32Array }));
  const [output] = run(layer, steps(x, row, t + 1, TIME), { states: given }) as [ReferenceArray];
  if (!layer.returnSequences) return dot(output.data);
  const rest = Array.from({ length: TIME - 1 - t }, (_, step) => dot(output.data, step * UNITS));
  return [own, ...rest].reduce((sum, value) => sum + value, 0) / TIME;
}

it.each(
  KINDS.flatMap(([name, make]) => [
    [`${name}, its last state`, make, false],
    [`${name}, all of its states`, make, true],
  ]) as [string, (all: boolean) => Rnn, boolean][],
)("%s", async (_name, make, all) => {
  const layer = make(all);
  const layers = all
    ? [layer, globalAveragePooling1d(), dense({ units: 1 })]
    : [layer, dense({ units: 1, activation: "sigmoid" })];
  using model: Model = sequential(layers, { device, inputShape: [TIME, SIZE], seed: 6 });
  // Untrained recurrent biases are zero, which would hide a wrong one.
  const weights = (await model.weights()).map(({ shape }, index) => normals(shape, 40 + index, 0.6));
  await model.setWeights(weights);
  const x = normals([2, TIME, SIZE], 8);
  const came = await model.hiddenGradients(x);
  expect(came.layer).toBe("memory");
  expect(came.hidden.shape).toEqual([2, TIME, UNITS]);

  const reference = built(make(all), [TIME, SIZE], weights.slice(0, -2));
  const out = weights.at(-2) as NdArray;
  for (let row = 0; row < 2; row++) {
    for (let t = 0; t < TIME; t++) {
      const states = run(reference, steps(x, row, 0, t + 1))
        .slice(1)
        .map(({ data }) => Float64Array.from(data));
      const wanted = Array.from({ length: UNITS }, (_, unit) => {
        const moved = (by: number) =>
          scoreFrom(
            reference,
            ...([x, row, t] as const),
            states.map((state, which) => (which === 0 ? state.map((h, at) => (at === unit ? h + by : h)) : state)),
            out,
          );
        return (moved(STEP) - moved(-STEP)) / (2 * STEP);
      });
      const at = (row * TIME + t) * UNITS;
      for (const [unit, value] of wanted.entries())
        expect(Math.abs((came.hidden.data[at + unit] as number) - value), `row ${row}, step ${t}`).toBeLessThan(3e-5);
      expect(came.norm.data[row * TIME + t]).toBeCloseTo(Math.hypot(...wanted), 4);
    }
  }
});

it("reads ids too, and says what it cannot show", async () => {
  const words = { inputDim: 9, outputDim: 3 };
  using model = sequential([embedding(words), lstm({ units: 2 }), dense({ units: 1 })], {
    ...{ device, inputShape: [4] },
  });
  const { norm } = await model.hiddenGradients({ shape: [1, 4], data: Int32Array.of(1, 5, 8, 2) });
  // The last state's gradient is the output layer's weights.
  const [kernel] = (await model.weights()).slice(-2);
  expect(norm.data[3]).toBeCloseTo(Math.hypot(...(kernel?.data ?? [])), 5);
  await expect(model.hiddenGradients({ shape: [1, 4], data: new Int32Array(4) }, { layer: "dense" })).rejects.toThrow(
    /"dense" is not a recurrent layer of this model with a kernel and without a mask/,
  );
  using masked = sequential([embedding({ ...words, maskZero: true }), lstm({ units: 2 }), dense({ units: 1 })], {
    ...{ device, inputShape: [4] },
  });
  await expect(masked.hiddenGradients({ shape: [1, 4], data: new Int32Array(4) })).rejects.toThrow(/without a mask/);
});
