/** Recurrent layers and their cells in float64: both paths, dropout, stacked and own cells, what is refused. */
import { describe, expect, it } from "vitest";
import {
  bidirectional,
  type CallContext,
  dense,
  gru,
  gruCell,
  inputValue,
  lstm,
  lstmCell,
  type NdArray,
  ops,
  peepholeLstmCell,
  Rnn,
  RnnCell,
  type RnnOptions,
  rnn,
  type Shape,
  ShapeError,
  simpleRnn,
  simpleRnnCell,
  stackedRnnCells,
  timeDistributed,
  type Value,
  ValueError,
} from "../../src/index.ts";
import { glorotUniform } from "../../src/nn/weights/initializers.ts";
import { checkGradients } from "../support/gradcheck.ts";
import {
  built,
  difference,
  GruCellByStep,
  LstmCellByStep,
  normals,
  PeepholeLstmCellByStep,
  run,
  SimpleRnnCellByStep,
} from "./recurrent_support.ts";

const [B, T, D, H] = [3, 6, 5, 4];
const x = normals([B, T, D], 1);
/** Rows that begin masked, end masked, and have a hole. */
const MASK = [0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 0];
const state = (seed: number) => normals([B, H], seed);

const KINDS = [
  {
    name: "LSTM",
    kernel: lstmCell,
    steps: (o: { units: number }) => new LstmCellByStep(o),
    states: [state(2), state(3)],
  },
  {
    name: "LSTM with peepholes",
    kernel: peepholeLstmCell,
    steps: (o: { units: number }) => new PeepholeLstmCellByStep(o),
    states: [state(2), state(3)],
  },
  { name: "GRU", kernel: gruCell, steps: (o: { units: number }) => new GruCellByStep(o), states: [state(2)] },
  {
    name: "SimpleRNN",
    kernel: simpleRnnCell,
    steps: (o: { units: number }) => new SimpleRnnCellByStep(o),
    states: [state(2)],
  },
] as const;

describe.each(KINDS)("$name", ({ kernel, steps, states }) => {
  const OPTIONS: readonly RnnOptions[] = [
    {},
    { returnSequences: true, returnState: true },
    { returnSequences: true, goBackwards: true },
    { returnSequences: true, zeroOutputForMask: true },
    { zeroOutputForMask: true, goBackwards: true },
  ];

  it.each(OPTIONS)("gives the same in its kernel and step by step: %o", (options) => {
    const fast = built(new Rnn(kernel({ units: H }), options), [T, D]);
    const slow = built(new Rnn(steps({ units: H }), options), [T, D]);
    expect([fast.path, slow.path]).toEqual(["kernel", "cells"]);
    for (const given of [{}, { mask: MASK }, { states }, { mask: MASK, states }]) {
      expect(difference(run(fast, x, given), run(slow, x, given))).toBeLessThan(1e-12);
    }
  });

  it("keeps initial states over leading masked steps, while its output is zeros there, as in Keras", () => {
    const layer = built(new Rnn(kernel({ units: H }), { returnSequences: true }), [T, D]);
    const [sequence, ...last] = run(layer, x, { mask: new Array(B * T).fill(0), states });
    expect(Math.max(...(sequence?.data ?? []).map(Math.abs))).toBe(0);
    last.forEach((came, index) => {
      expect(Array.from(came.data)).toEqual(Array.from((states[index] as NdArray).data));
    });
  });

  it("carries its outputs over a mask's holes, or gives zeros where asked", () => {
    const plain = built(new Rnn(kernel({ units: H }), { returnSequences: true }), [T, D]);
    const zero = built(new Rnn(kernel({ units: H }), { returnSequences: true, zeroOutputForMask: true }), [T, D]);
    const [carried] = run(plain, x, { mask: MASK });
    const [zeroed] = run(zero, x, { mask: MASK });
    MASK.forEach((flag, row) => {
      const at = (data: Float64Array | undefined, step: number) =>
        Array.from(data?.slice(step * H, (step + 1) * H) ?? []);
      if (flag === 1) expect(at(zeroed?.data, row)).toEqual(at(carried?.data, row));
      else expect(at(zeroed?.data, row)).toEqual([0, 0, 0, 0]);
      if (flag === 0 && row % T > 0) expect(at(carried?.data, row)).toEqual(at(carried?.data, row - 1));
    });
  });
});

describe("the general path", () => {
  const EXOTIC = { activation: "softsign", recurrentActivation: "hardTanh" } as const;

  it.each([
    ["LSTM, other activations", () => lstm({ units: 3, ...EXOTIC })],
    [
      "LSTM with peepholes, other activations, recurrent dropout",
      () => rnn({ cell: peepholeLstmCell({ units: 3, ...EXOTIC, recurrentDropout: 0.4 }) }),
    ],
    ["GRU, other activations", () => gru({ units: 3, ...EXOTIC })],
    ["GRU, reset before the product", () => gru({ units: 3, resetAfter: false })],
    [
      "SimpleRNN, an activation with an option",
      () => simpleRnn({ units: 3, activation: { name: "leakyRelu", negativeSlope: 0.3 } }),
    ],
    ["LSTM, recurrent dropout", () => lstm({ units: 3, dropout: 0.3, recurrentDropout: 0.4 })],
    [
      "GRU, recurrent dropout, reset before",
      () => gru({ units: 3, dropout: 0.3, recurrentDropout: 0.4, resetAfter: false }),
    ],
    [
      "SimpleRNN, recurrent dropout",
      () => simpleRnn({ units: 3, dropout: 0.3, recurrentDropout: 0.4, useBias: false }),
    ],
  ])("serves %s, gradients included", (name, make) => {
    const layer = built(make(), [4, 2]);
    expect(layer.path).toBe("cells");
    const context = (source: Value, mask: Value, initialState: readonly Value[]): CallContext => ({
      training: true,
      random: () => ({ counter: ops.cast(ops.mul(ops.sum(source), 0), "int32"), seed: 3, stream: 4 }),
      inputs: [source],
      mask,
      masks: [mask],
      initialState,
    });
    const count = layer.cell.stateSizes.length;
    checkGradients(
      name,
      ([source, mask, ...states]) => {
        const result = layer.compute(source as Value, context(source as Value, mask as Value, states));
        return [result.output, ...(result.states ?? [])];
      },
      [
        normals([2, 4, 2], 7),
        { shape: [2, 4], data: Int32Array.of(0, 1, 0, 1, 1, 1, 1, 0) },
        ...Array.from({ length: count }, (_, index) => normals([2, 3], 20 + index)),
      ],
      { dtypes: ["float32", "bool", "float32", "float32"] },
    );
  });

  it("is not taken where no state is dropped: in a prediction the kernel serves", () => {
    const { cell } = lstm({ units: 3, recurrentDropout: 0.4 });
    expect([cell.path(true), cell.path(false)]).toEqual(["cells", "kernel"]);
  });

  it("says so when there are too many steps to write out", () => {
    const layer = built(gru({ units: 2, resetAfter: false }), [1001, 1]);
    const source = inputValue("x", [1, 1001, 1]);
    const context = { training: false, random: () => expect.fail(), inputs: [source], masks: [undefined] };
    expect(() => layer.compute(source, context)).toThrow(/1001 timesteps; expected at most 1000.*resetAfter true/);
  });
});

describe("dropout", () => {
  const [rate, units] = [0.4, 200];
  const keep = 1 / (1 - rate);
  const filled = (shape: Shape, value: number): NdArray => {
    const size = shape.reduce((product, axis) => product * axis, 1);
    return { shape, data: new Float32Array(size).fill(value) };
  };
  /** Gates side by side, each the identity. */
  const identities = (gates: number): NdArray => {
    const data = new Float32Array(units * gates * units);
    for (let k = 0; k < units; k++) for (let g = 0; g < gates; g++) data[k * gates * units + g * units + k] = 1;
    return { shape: [units, gates * units], data };
  };
  const zeros = (gates: number) => filled([units, gates * units], 0);
  const share = (values: Iterable<number>, of: (value: number) => boolean) => {
    const all = [...values];
    return all.filter(of).length / all.length;
  };
  const LINEAR = { units, activation: "linear", recurrentActivation: "linear", useBias: false } as const;
  const near = (value: number, wanted: number) => Math.abs(value - wanted) < 1e-5;

  it("of states is the same at every step of a sequence, and another at another step of the training", () => {
    const layer = built(
      simpleRnn({ units, activation: "linear", useBias: false, recurrentDropout: rate }),
      [3, units],
      [zeros(1), identities(1)],
    );
    const given = { states: [filled([1, units], 1)] };
    const [first] = run(layer, filled([1, 3, units], 0), { ...given, step: 1 });
    const [again] = run(layer, filled([1, 3, units], 0), { ...given, step: 1 });
    const [other] = run(layer, filled([1, 3, units], 0), { ...given, step: 2 });
    const [asleep] = run(layer, filled([1, 3, units], 0), given);
    const values = first?.data ?? new Float64Array();
    expect(values.every((value) => value === 0 || near(value, keep ** 3))).toBe(true);
    expect(share(values, (value) => value === 0)).toBeCloseTo(rate, 0);
    expect(again?.data).toEqual(values);
    expect(other?.data).not.toEqual(values);
    expect(asleep?.data).toEqual(new Float64Array(units).fill(1));
  });

  it("of inputs is one mask for all gates of an LSTM, and one for each beside recurrent dropout", () => {
    const one = built(lstm({ ...LINEAR, dropout: rate }), [1, units], [identities(4), zeros(4)]);
    const four = built(
      lstm({ ...LINEAR, dropout: rate, recurrentDropout: rate }),
      [1, units],
      [identities(4), zeros(4)],
    );
    const ones = filled([1, 1, units], 1);
    const [, , c] = run(one, ones, { step: 1 });
    // c = i · candidate: with one mask 0 or keep², and as often 0 as inputs are.
    expect(share(c?.data ?? [], (value) => value === 0)).toBeCloseTo(rate, 1);
    const [, h4, c4] = run(four, ones, { step: 1 });
    expect(share(c4?.data ?? [], (value) => value === 0)).toBeCloseTo(1 - (1 - rate) ** 2, 1);
    expect(share(h4?.data ?? [], (value) => value === 0)).toBeCloseTo(1 - (1 - rate) ** 3, 1);
  });

  it("of states is one mask for each gate", () => {
    const layer = built(gru({ ...LINEAR, recurrentDropout: rate }), [1, units], [zeros(3), identities(3)]);
    const [h] = run(layer, filled([1, 1, units], 0), { states: [filled([1, units], 1)], step: 1 });
    // h = z + (1 − z) · r · u with z, r, u each 0 or keep: all of 0, keep, keep², keep + (1 − keep) · keep² occur.
    const values = Array.from(h?.data ?? []);
    for (const wanted of [0, keep, keep ** 2, keep + (1 - keep) * keep ** 2]) {
      expect(values.some((value) => near(value, wanted))).toBe(true);
    }
  });

  it("has a seed of its own where one is given", () => {
    const make = (seed?: number) =>
      built(
        simpleRnn({ units, dropout: rate, ...(seed !== undefined && { seed }) }),
        [1, units],
        [identities(1), zeros(1)],
      );
    const ones = filled([1, 1, units], 1);
    const [a, b, c] = [make(1), make(1), make(2)].map((layer) => run(layer, ones, { step: 1 })[0]?.data);
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });
});

describe("cells", () => {
  it("stacked give what layers in a row give, in kernels and step by step", () => {
    const lower = built(lstm({ units: 3, returnSequences: true }), [T, D]);
    const upper = built(gru({ units: H, returnSequences: true }), [T, 3]);
    const weights = [...lower.weights, ...upper.weights].map((weight) => weight.initial?.() as NdArray);
    const fast = built(
      rnn({ cell: stackedRnnCells([lstmCell({ units: 3 }), gruCell({ units: H })]), returnSequences: true }),
      [T, D],
      weights,
    );
    const slow = built(
      rnn({ cell: stackedRnnCells([new LstmCellByStep({ units: 3 }), gruCell({ units: H })]), returnSequences: true }),
      [T, D],
      weights,
    );
    expect([fast.path, slow.path]).toEqual(["kernel", "cells"]);
    const [below] = run(lower, x, { mask: MASK });
    const wanted = run(upper, { shape: [B, T, 3], data: Float32Array.from(below?.data ?? []) }, { mask: MASK });
    const [inKernels, byStep] = [fast, slow].map((layer) => run(layer, x, { mask: MASK }));
    expect(difference(inKernels ?? [], byStep ?? [])).toBeLessThan(1e-12);
    expect(difference([inKernels?.[0], inKernels?.[3]] as never, wanted)).toBeLessThan(1e-6);
  });

  /** h' = h / 2 + x · W; the output is twice as wide. */
  class Leaky extends RnnCell {
    readonly className = "Leaky";
    readonly config = {};
    readonly stateSizes = [2];

    override get outputSize() {
      return 4;
    }

    weightSpecs(inputShape: Shape) {
      return [{ name: "kernel", shape: [inputShape[0] as number, 2], initializer: glorotUniform() }];
    }

    step(input: Value, [h]: readonly Value[]) {
      const next = ops.add(ops.mul(h as Value, 0.5), ops.matmul(input, this.weight(0)));
      return { output: ops.concat([next, ops.neg(next)]), states: [next] };
    }
  }

  it("of one's own run in rnn", () => {
    const layer = built(
      rnn({ cell: new Leaky(undefined), returnSequences: true }),
      [3, 1],
      [{ shape: [1, 2], data: Float32Array.of(1, 10) }],
    );
    expect(layer.outputShape([3, 1])).toEqual([3, 4]);
    const [output, last] = run(layer, { shape: [1, 3, 1], data: Float32Array.of(1, 2, 4) }, { mask: [1, 0, 1] });
    expect(Array.from(output?.data ?? [])).toEqual([1, 10, -1, -10, 1, 10, -1, -10, 4.5, 45, -4.5, -45]);
    expect(Array.from(last?.data ?? [])).toEqual([4.5, 45]);
  });

  it("cannot be made again for the other direction", () => {
    expect(() => bidirectional({ layer: rnn({ cell: new Leaky(undefined) }) })).toThrow(
      /give bidirectional a backwardLayer/,
    );
  });
});

it("bidirectional turns what its second layer gives, also where the first reads backwards", () => {
  const options = { units: H, returnSequences: true } as const;
  const pair = { layer: lstm({ ...options, goBackwards: true }), backwardLayer: lstm(options) };
  const both = built(bidirectional(pair), [T, D]);
  const weights = both.weights.map(({ initial }) => initial?.() as NdArray);
  const [first] = run(built(lstm({ ...options, goBackwards: true }), [T, D], weights.slice(0, 3)), x);
  const [second] = run(built(lstm(options), [T, D], weights.slice(3)), x);
  const [came] = run(both, x);
  // Keras: concatenate(y, flip(y_rev, axis=1)).
  const wanted = Float64Array.from({ length: B * T * 2 * H }, (_, at) => {
    const [row, t, unit] = [Math.floor(at / (T * 2 * H)), Math.floor(at / (2 * H)) % T, at % (2 * H)];
    return (
      unit < H ? first?.data[(row * T + t) * H + unit] : second?.data[(row * T + T - 1 - t) * H + unit - H]
    ) as number;
  });
  expect(came?.data).toEqual(wanted);
});

describe("timeDistributed", () => {
  it("applies a layer at every timestep", () => {
    const weights = [normals([D, 2], 50), normals([2], 51)];
    const plain = built(dense({ units: 2, activation: "tanh" }), [T, D], weights);
    const wrapped = built(timeDistributed({ layer: dense({ units: 2, activation: "tanh" }) }), [T, D], weights);
    expect(wrapped.outputShape([T, D])).toEqual([T, 2]);
    expect(difference(run(wrapped, x), run(plain, x))).toBe(0);
  });
});

describe("what is refused", () => {
  const source = inputValue("x", [B, T, D]);
  const context = { training: false, random: () => expect.fail(), inputs: [source], masks: [undefined] };
  const layer = built(lstm({ units: H, name: "reader" }), [T, D]);

  it.each([
    [
      "an unknown activation",
      () => gru({ units: 2, activation: "tanhh" as never }),
      ValueError,
      /unknown activation "tanhh"; expected one of/,
    ],
    ["no units", () => simpleRnn({ units: 0 }), ValueError, /simpleRnn: units is 0/],
    [
      "dropping everything",
      () => gru({ units: 2, recurrentDropout: 1 }),
      ValueError,
      /gru: recurrentDropout is 1; expected 0 ≤ number < 1/,
    ],
    ["no sequence", () => built(gru({ units: 2 }), [5]), ShapeError, /expected \[B, T, D\]/],
    [
      "another count of states",
      () => layer.compute(source, { ...context, initialState: [source] }),
      ValueError,
      /got 1 initial states; expected 2/,
    ],
    [
      "states of another size",
      () => layer.compute(source, { ...context, initialState: [source, source] }),
      ShapeError,
      /initial state 0 is \[3, 6, 5\]; expected \[3, 4\]/,
    ],
    [
      "a mask of another shape",
      () => layer.compute(source, { ...context, mask: inputValue("mask", [B, T + 1], "bool") }),
      ShapeError,
      /LSTM "reader": the mask is bool \[3, 7\]; expected bool \[3, 6\]/,
    ],
    [
      "resetting what has no states",
      () => layer.resetStates(),
      ValueError,
      /resetStates is for a layer with stateful: true/,
    ],
    [
      "two layers of one direction",
      () => bidirectional({ layer: lstm({ units: 2 }), backwardLayer: lstm({ units: 2 }) }),
      ValueError,
      /both layers read in one direction/,
    ],
    [
      "directions that differ",
      () =>
        bidirectional({
          layer: lstm({ units: 2 }),
          backwardLayer: lstm({ units: 2, goBackwards: true, returnSequences: true }),
        }),
      ValueError,
      /returnSequences is false for the layer and true/,
    ],
    [
      "sums of other sizes",
      () =>
        bidirectional({
          layer: lstm({ units: 2 }),
          backwardLayer: lstm({ units: 3, goBackwards: true }),
          mergeMode: "sum",
        }),
      ValueError,
      /joins outputs of one size/,
    ],
    [
      "an unknown merge mode",
      () => bidirectional({ layer: lstm({ units: 2 }), mergeMode: "add" as never }),
      ValueError,
      /mergeMode is "add"; expected one of concat, sum/,
    ],
    ["no cells", () => stackedRnnCells([]), ValueError, /at least one/],
  ] as const)("%s", (_name, attempt, kind, message) => {
    expect(attempt).toThrow(kind);
    expect(attempt).toThrow(message);
  });
});
