/**
 * Recurrent layers in models on the GPU: states that live on, states given and taken, both directions, saving, traces.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { ReferenceArray } from "../../src/graph/op.ts";
import {
  bidirectional,
  type CellTrace,
  type Device,
  DisposedError,
  dense,
  embedding,
  type GruTrace,
  gru,
  gruCell,
  input,
  l2,
  lambdaCallback,
  loadModel,
  lstm,
  lstmCell,
  type Model,
  masking,
  model,
  type NdArray,
  peepholeLstmCell,
  rnn,
  type SimpleRnnTrace,
  sequential,
  sgd,
  simpleRnn,
  stackedRnnCells,
  timeDistributed,
  type Variable,
} from "../../src/index.ts";
import { variablesOf } from "../../src/runtime/run/variables.ts";
import { testDevice } from "../support/device.ts";
import { built, normals, PeepholeLstmCellByStep, run } from "./recurrent_support.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const numbers = ({ data }: NdArray | ReferenceArray) => Array.from(data);

function expectNear(came: readonly number[], wanted: readonly number[], tolerance = 1e-5): void {
  expect(came.length).toBe(wanted.length);
  const worst = Math.max(...came.map((value, index) => Math.abs(value - (wanted[index] as number))));
  expect(worst).toBeLessThan(tolerance);
}

/** Steps `from` to `to` of x `[B, T, D]`. */
function steps({ shape: [batch, time, size], data }: NdArray, from: number, to: number): NdArray {
  const [b, t, d] = [batch, time, size] as [number, number, number];
  const rows = Array.from({ length: b }, (_, row) => Array.from(data.slice((row * t + from) * d, (row * t + to) * d)));
  return { shape: [b, to - from, d], data: Float32Array.from(rows.flat()) };
}

describe("stateful", () => {
  const x = normals([2, 6, 3], 1);

  it.each([
    ["GRU", () => gru({ units: 4, stateful: true }), () => gru({ units: 4 })],
    [
      "both directions of an LSTM",
      () => bidirectional({ layer: lstm({ units: 3, stateful: true }) }),
      () => bidirectional({ layer: lstm({ units: 3 }) }),
    ],
  ] as const)("goes on from batch to batch: %s", async (name, stateful, plain) => {
    const layer = stateful();
    using living = sequential([layer], { device, inputShape: [3, 3], seed: 5 });
    const first = await living.predict(steps(x, 0, 3));
    const second = await living.predict(steps(x, 3, 6));
    layer.resetStates();
    expect(numbers(await living.predict(steps(x, 0, 3)))).toEqual(numbers(first));
    expect(numbers(second)).not.toEqual(numbers(first));
    if (name !== "GRU") return;
    using whole = sequential([plain()], { device, inputShape: [6, 3], seed: 5 });
    await whole.setWeights(await living.weights());
    expectNear(numbers(second), numbers(await whole.predict(x)));
  });

  it("starts anew after model.resetStates(), in models inside models too", async () => {
    const inner = sequential([gru({ units: 4, stateful: true, returnSequences: true })], { inputShape: [3, 3] });
    using outer = sequential([inner, bidirectional({ layer: lstm({ units: 2, stateful: true }) })], {
      device,
      inputShape: [3, 3],
      seed: 5,
    });
    outer.resetStates(); // before the first batch there is nothing to reset
    const first = numbers(await outer.predict(steps(x, 0, 3)));
    expect(numbers(await outer.predict(steps(x, 0, 3)))).not.toEqual(first);
    outer.resetStates();
    expect(numbers(await outer.predict(steps(x, 0, 3)))).toEqual(first);
    const states = outer.graph.stateVariables;
    expect(states.length).toBe(1 + 4);
    outer.dispose();
    expect(states.filter((state) => variablesOf(device).has(state))).toEqual([]);
    expect(() => outer.resetStates()).toThrow(DisposedError);
  });

  it("starts each epoch anew where a callback resets the states", async () => {
    const lossesOf = async (resets: boolean) => {
      using living = sequential([gru({ units: 3, stateful: true }), dense({ units: 1 })], {
        device,
        inputShape: [3, 3],
        seed: 2,
      });
      living.compile({ loss: "mse", optimizer: sgd({ learningRate: 0 }) });
      const callbacks = resets ? [lambdaCallback({ onEpochBegin: () => living.resetStates() })] : [];
      const fit = { batchSize: 2, shuffle: false, epochs: 3, callbacks };
      return (await living.fit(steps(x, 0, 3), normals([2, 1], 4), fit)).history.loss;
    };
    const [first, ...others] = (await lossesOf(true)) ?? [];
    expect(others).toEqual([first, first]);
    expect(new Set(await lossesOf(false)).size).toBe(3);
  });

  it("frees its states with the model", async () => {
    const layer = simpleRnn({ units: 2, stateful: true });
    const living = sequential([layer], { device, inputShape: [3, 3] });
    await living.predict(steps(x, 0, 3));
    const [held] = layer.stateVariables;
    expect(variablesOf(device).has(held as Variable)).toBe(true);
    living.dispose();
    expect(variablesOf(device).has(held as Variable)).toBe(false);
  });

  it("keeps one batch size", async () => {
    using living = sequential([simpleRnn({ units: 2, stateful: true, name: "memory" })], {
      device,
      inputShape: [3, 3],
    });
    await living.predict(steps(x, 0, 3));
    await expect(living.predict(normals([3, 3, 3], 2))).rejects.toThrow(
      /memory: stateful, with states for a batch of 2; got a batch of 3.*one batchSize everywhere/,
    );
  });

  it("trains on, each batch from where the one before ended", async () => {
    const layer = gru({ units: 3, stateful: true });
    using living = sequential([layer, dense({ units: 1 })], { device, inputShape: [3, 3], seed: 2 });
    living.compile({ loss: "mse", optimizer: "sgd" });
    const y = normals([2, 1], 4);
    await living.fit(steps(x, 0, 3), y, { batchSize: 2, shuffle: false });
    const weights = (await living.weights()).map(numbers);
    layer.resetStates();
    await living.fit(steps(x, 0, 3), y, { batchSize: 2, shuffle: false });
    const { history } = await living.fit(steps(x, 3, 6), y, { batchSize: 2, shuffle: false });
    expect(Number.isFinite(history.loss?.[0])).toBe(true);
    expect((await living.weights()).map(numbers)).not.toEqual(weights);
  });
});

describe("both directions under a mask", () => {
  it("give zeros at masked steps of a sequence, as Keras does", async () => {
    const ids = { shape: [2, 4], data: Int32Array.from([0, 0, 3, 1, 2, 4, 0, 0]) };
    const layers = [
      embedding({ inputDim: 5, outputDim: 3, maskZero: true }),
      bidirectional({ layer: gru({ units: 2, returnSequences: true }) }),
    ];
    using made = sequential(layers, { device, inputShape: [4], seed: 4 });
    const sequence = numbers(await made.predict(ids));
    const isZero = ids.data.map((_, step) =>
      Number(sequence.slice(step * 4, step * 4 + 4).every((value) => value === 0)),
    );
    expect(Array.from(isZero)).toEqual([1, 1, 0, 0, 0, 0, 1, 1]);
  });
});

describe("states given and taken", () => {
  it("pass from an encoder to a decoder", async () => {
    const [source, target] = [input({ shape: [4, 3] }), input({ shape: [5, 2] })];
    const encoder = lstm({ units: 6, returnState: true });
    const [, h, c] = encoder.call(source);
    const decoder = lstm({ units: 6, returnSequences: true });
    const answer = timeDistributed({ layer: dense({ units: 2 }) }).call(
      decoder.call(target, { initialState: [h as never, c as never] }),
    );
    using made = model({ inputs: [source, target], outputs: answer, device, seed: 3 }) as Model;
    const [a, b] = [normals([2, 4, 3], 1), normals([2, 5, 2], 2)];
    const came = await made.predict([a, b] as never);
    const weights = (await made.weights()) as readonly NdArray[];
    const [, ...states] = run(built(lstm({ units: 6, returnState: true }), [4, 3], weights.slice(0, 3)), a);
    const asArray = (value: ReferenceArray | undefined): NdArray => ({
      shape: value?.shape ?? [],
      data: Float32Array.from(value?.data ?? []),
    });
    const [hidden] = run(built(lstm({ units: 6, returnSequences: true }), [5, 2], weights.slice(3, 6)), b, {
      states: [asArray(states[0]), asArray(states[1])],
    });
    const [wanted] = run(built(dense({ units: 2 }), [5, 6], weights.slice(6)), asArray(hidden));
    expectNear(numbers(came as NdArray), numbers(wanted as ReferenceArray));
  });

  it("are refused in a row of layers", () => {
    expect(() => sequential([gru({ units: 2, returnState: true })], { device, inputShape: [3, 1] })).toThrow(
      /GRU "gru" has 2 outputs, as with returnState/,
    );
  });
});

describe("bidirectional", () => {
  const x = normals([3, 5, 2], 8);
  const mask = [1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0];
  const states = [normals([3, 4], 30), normals([3, 4], 31)];

  it.each(["concat", "sum", "mul", "ave", "none"] as const)("merges by %s", (mergeMode) => {
    for (const returnSequences of [false, true]) {
      const both = built(bidirectional({ layer: gru({ units: 4, returnSequences }), mergeMode }), [5, 2]);
      const weights = both.weights.map((weight) => weight.initial?.() as NdArray);
      // In sequences both directions give zeros at masked steps, as Keras does.
      const own = { units: 4, returnSequences, zeroOutputForMask: returnSequences };
      const forward = built(gru(own), [5, 2], weights.slice(0, 3));
      const backward = built(gru({ ...own, goBackwards: true }), [5, 2], weights.slice(3));
      const came = run(both, x, { mask, states });
      const [there] = run(forward, x, { mask, states: [states[0] as NdArray] });
      const [back] = run(backward, x, { mask, states: [states[1] as NdArray] });
      const length = returnSequences ? 5 : 1;
      const at = (result: ReferenceArray | undefined, b: number, t: number, u: number, units = 4) =>
        result?.data[(b * length + t) * units + u] as number;
      for (let b = 0; b < 3; b++) {
        for (let t = 0; t < length; t++) {
          for (let u = 0; u < 4; u++) {
            const [f, r] = [at(there, b, t, u), at(back, b, length - 1 - t, u)];
            if (mergeMode === "concat") {
              expect([at(came[0], b, t, u, 8), at(came[0], b, t, 4 + u, 8)]).toEqual([f, r]);
            } else if (mergeMode === "none") expect([at(came[0], b, t, u), at(came[1], b, t, u)]).toEqual([f, r]);
            else {
              const wanted = { sum: f + r, mul: f * r, ave: (f + r) / 2 }[mergeMode];
              expect(at(came[0], b, t, u)).toBeCloseTo(wanted, 12);
            }
          }
        }
      }
    }
  });

  it("takes another layer for the way back", async () => {
    using made = sequential(
      [
        bidirectional({
          layer: gru({ units: 2, name: "there" }),
          backwardLayer: lstm({ units: 3, goBackwards: true, name: "back" }),
        }),
      ],
      { device, inputShape: [5, 2] },
    );
    expect(made.outputShape).toEqual([5]);
    expect((await made.weights()).map(({ name, shape }) => `${name} ${shape.join("x")}`)).toEqual([
      "bidirectional/there/kernel 2x6",
      "bidirectional/there/recurrent_kernel 2x6",
      "bidirectional/there/bias 2x6",
      "bidirectional/back/kernel 2x12",
      "bidirectional/back/recurrent_kernel 3x12",
      "bidirectional/back/bias 12",
    ]);
  });

  it("adds the penalties of the layers inside to the loss", async () => {
    const make = (kernelRegularizer?: ReturnType<typeof l2>) =>
      sequential([bidirectional({ layer: simpleRnn({ units: 2, ...(kernelRegularizer && { kernelRegularizer }) }) })], {
        device,
        inputShape: [5, 2],
        seed: 1,
      });
    using plain = make();
    using held = make(l2(0.5));
    for (const each of [plain, held]) each.compile({ loss: "mse" });
    const y = normals([3, 4], 9);
    const [a, b] = [await plain.evaluate(x, y), await held.evaluate(x, y)];
    const kernels = (await held.weights()).filter(({ name }) => name.endsWith("/kernel"));
    const squares = kernels.flatMap(numbers).reduce((sum, value) => sum + value * value, 0);
    expect(kernels.length).toBe(2);
    expect((b.loss as number) - (a.loss as number)).toBeCloseTo(0.5 * squares, 4);
  });
});

describe("in a model", () => {
  it("are named, saved and loaded as Keras does it", async () => {
    using made = sequential(
      [
        embedding({ inputDim: 9, outputDim: 3, maskZero: true }),
        gru({ units: 2, returnSequences: true, recurrentDropout: 0.2, dropout: 0.1, activation: "softsign" }),
        bidirectional({ layer: lstm({ units: 2, returnSequences: true }), mergeMode: "sum" }),
        rnn({
          cell: stackedRnnCells([lstmCell({ units: 2 }), gruCell({ units: 3, resetAfter: false })]),
          returnSequences: true,
        }),
        timeDistributed({ layer: dense({ units: 2 }) }),
        simpleRnn({ units: 2 }),
      ],
      { device, inputShape: [4], seed: 6 },
    );
    expect(made.layers.map(({ name }) => name)).toEqual([
      "embedding",
      "gru",
      "bidirectional",
      "rnn",
      "time_distributed",
      "simple_rnn",
    ]);
    const x = [
      [0, 0, 3, 4],
      [5, 6, 7, 8],
    ];
    const came = await made.predict(x);
    using again = await loadModel(await made.toFiles(), { device });
    expect(numbers(await again.predict(x))).toEqual(numbers(came));
    expect(again.layers.map(({ config }) => config)).toEqual(made.layers.map(({ config }) => config));
  });

  it("show what their steps kept", async () => {
    using made = sequential(
      [gru({ units: 2, returnSequences: true, name: "low" }), simpleRnn({ units: 3, name: "high" })],
      {
        device,
        inputShape: [4, 2],
        seed: 4,
      },
    );
    const x = normals([2, 4, 2], 3);
    const { z, candidate, h, layer } = await made.trace<GruTrace>(x);
    expect([layer, z.shape, h.shape]).toEqual(["low", [2, 4, 2], [2, 4, 2]]);
    // h = z · h before + (1 − z) · candidate.
    const wanted = numbers(h).map((_, at) => {
      const before = Math.floor(at / 2) % 4 === 0 ? 0 : (h.data[at - 2] as number);
      const gate = z.data[at] as number;
      return gate * before + (1 - gate) * (candidate.data[at] as number);
    });
    expectNear(numbers(h), wanted);
    const high = await made.trace<SimpleRnnTrace>(x, { layer: "high" });
    const output = await made.predict(x);
    expectNear([...high.h.data.slice(9, 12), ...high.h.data.slice(21, 24)], numbers(output));
    await expect(made.trace(x, { layer: "dense" })).rejects.toThrow(/"dense" is not a recurrent layer of this model/);
  });
});

describe("an LSTM with peepholes", () => {
  const SHAPE = [5, 3] as const;
  const x = normals([7, ...SHAPE], 21);
  const y = normals([7, 1], 22);

  /** A masked row of layers over such cells: both directions, then two cells in a stack. */
  function network(cell: typeof peepholeLstmCell): Model {
    const options = { units: 3, peepholeInitializer: "randomNormal", peepholeRegularizer: l2(0.1) } as const;
    const made = sequential(
      [
        masking(),
        bidirectional({
          layer: rnn({ cell: cell(options), returnSequences: true, name: "there" }),
          backwardLayer: rnn({ cell: cell(options), returnSequences: true, goBackwards: true, name: "back" }),
        }),
        rnn({ cell: stackedRnnCells([cell({ units: 4, useBias: false }), lstmCell({ units: 2 })]) }),
        dense({ units: 1 }),
      ],
      { device, inputShape: SHAPE, seed: 9 },
    );
    made.compile({ loss: "mse", optimizer: "adam" });
    return made;
  }

  it("starts as a plain LSTM, and learns its peepholes", async () => {
    const make = (cell: typeof lstmCell) =>
      sequential([rnn({ cell: cell({ units: 3 }), name: "memory" }), dense({ units: 1 })], {
        device,
        inputShape: SHAPE,
        seed: 9,
      });
    using plain = make(lstmCell);
    using made = make(peepholeLstmCell);
    const shared = (await made.weights()).filter(({ name }) => !name.endsWith("peephole_kernel"));
    await plain.setWeights(shared);
    expect(numbers(await made.predict(x))).toEqual(numbers(await plain.predict(x)));
    made.compile({ loss: "mse", optimizer: "adam" });
    await made.fit(x, y, { epochs: 2 });
    const peepholes = (await made.weights()).find(({ name }) => name === "memory/peephole_kernel");
    expect(peepholes?.shape).toEqual([3, 3]);
    expect(peepholes?.data.every((value) => value !== 0)).toBe(true);
  });

  it("trains in its kernel as step by step", async () => {
    const [gaps, rows] = [Float32Array.from(x.data), SHAPE[0] * SHAPE[1]];
    gaps.fill(0, 0, 2 * SHAPE[1]); // a row's start
    gaps.fill(0, 2 * rows - SHAPE[1], 2 * rows); // a row's end
    gaps.fill(0, 3 * rows, 4 * rows); // a whole row
    const masked = { shape: x.shape, data: gaps };
    using fast = network(peepholeLstmCell);
    using slow = network((options) => new PeepholeLstmCellByStep(options));
    for (const each of [fast, slow]) await each.fit(masked, y, { epochs: 3, batchSize: 7, shuffle: false });
    const [came, wanted] = [await fast.weights(), await slow.weights()];
    for (const [index, { name, data }] of came.entries()) {
      expect(name).toBe(wanted[index]?.name);
      // Adam turns a rounding difference of a gradient near 0 into a larger one of the weight.
      expectNear(Array.from(data), Array.from(wanted[index]?.data ?? []), 1e-4);
    }
  });

  it("is saved and loaded", async () => {
    using made = network(peepholeLstmCell);
    await made.fit(x, y, { epochs: 1 });
    const files = await made.toFiles();
    using again = await loadModel(files, { device });
    expect(numbers(await again.predict(x))).toEqual(numbers(await made.predict(x)));
    expect(again.layers.map(({ config }) => config)).toEqual(made.layers.map(({ config }) => config));
  });

  it("goes on from batch to batch", async () => {
    const layer = rnn({ cell: peepholeLstmCell({ units: 4, peepholeInitializer: "ones" }), stateful: true });
    using living = sequential([layer], { device, inputShape: [3, 3], seed: 5 });
    const halves = normals([2, 6, 3], 1);
    await living.predict(steps(halves, 0, 3));
    const second = await living.predict(steps(halves, 3, 6));
    using whole = sequential([rnn({ cell: peepholeLstmCell({ units: 4 }) })], { device, inputShape: [6, 3] });
    await whole.setWeights(await living.weights());
    expectNear(numbers(second), numbers(await whole.predict(halves)));
  });

  it("shows its gates over time", async () => {
    using made = sequential([rnn({ cell: peepholeLstmCell({ units: 2, peepholeInitializer: "ones" }) })], {
      ...{ device, inputShape: SHAPE, seed: 4 },
    });
    const { i, f, candidate, o, c, h } = await made.trace<CellTrace>(x);
    expect(i.shape).toEqual([7, 5, 2]);
    const wanted = numbers(c).map((_, at) => {
      const before = Math.floor(at / 2) % 5 === 0 ? 0 : (c.data[at - 2] as number);
      return (f.data[at] as number) * before + (i.data[at] as number) * (candidate.data[at] as number);
    });
    expectNear(numbers(c), wanted);
    expectNear(
      numbers(h),
      wanted.map((cell, at) => (o.data[at] as number) * Math.tanh(cell)),
    );
    const { input: gradient } = await made.gradients(x);
    expect(gradient.shape).toEqual([7, 5, 3]);
  });
});
