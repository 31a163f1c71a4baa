/** The expected values of Keras's own tests: kernel all 0.01, recurrent kernel all 0.02, bias all 0.03. */
import {
  type Bidirectional,
  bidirectional,
  constant,
  type Device,
  dense,
  gru,
  inputValue,
  lstm,
  type NdArray,
  ones,
  type Rnn,
  sequential,
  sgd,
  simpleRnn,
  type Value,
  zeros,
} from "../../src/index.ts";
import { expectClose, expectNear } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";
import { buildLayer, contextOf, runOnce } from "./keras_case.ts";

const TOLERANCE = { absolute: 1e-5, relative: 1e-5 };

function arange(shape: readonly number[]): NdArray {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, index) => index) };
}

const KNOWN = {
  kernelInitializer: constant(0.01),
  recurrentInitializer: constant(0.02),
  biasInitializer: constant(0.03),
};

interface Parts {
  readonly states?: readonly (readonly number[])[];
  readonly mask?: readonly number[];
  /** How often the layer is called, each time from the states it ended in. */
  readonly calls?: number;
}

/** The layer's output, and with several wanted its states, against Keras's. */
async function expectLayer(
  device: Device,
  layer: Rnn | Bidirectional,
  x: NdArray,
  wanted: readonly (readonly number[])[],
  { states, mask, calls = 1 }: Parts = {},
): Promise<void> {
  const variables = buildLayer(layer, [x.shape.slice(1)]);
  const [batch, time] = x.shape as [number, number];
  const feeds = new Map<Value, NdArray>();
  const feed = (value: Value, array: NdArray): Value => {
    feeds.set(value, array);
    return value;
  };
  const source = feed(inputValue("x", x.shape), x);
  const initialState = states?.map((data, index) => {
    const shape = [batch, data.length / batch];
    return feed(inputValue(`state ${index}`, shape), { shape, data: Float32Array.from(data) });
  });
  const flags =
    mask && feed(inputValue("mask", [batch, time], "bool"), { shape: [batch, time], data: Int32Array.from(mask) });
  let result = layer.compute(source, contextOf([source], { initialState, mask: flags }));
  for (let call = 1; call < calls; call++) {
    result = layer.compute(source, contextOf([source], { initialState: result.states }));
  }
  const outputs = [result.output, ...(wanted.length > 1 ? (result.states ?? []) : [])];
  const came = await runOnce(device, layer.className, outputs, feeds, variables);
  expectNear("outputs", outputs.length, wanted.length, { absolute: 0, relative: 0 });
  wanted.forEach((data, index) => {
    expectClose(`output ${index}`, came[index] as NdArray, { shape: (outputs[index] as Value).shape, data }, TOLERANCE);
  });
}

/** Each number for all units of its row. */
const rows = (units: number, ...values: number[]) => values.flatMap((value) => Array<number>(units).fill(value));

const A = arange([3, 6, 4]);
const B = arange([2, 3, 4]);
const C = arange([2, 4, 3]);

interface Fact extends Parts {
  readonly name: string;
  readonly layer: () => Rnn | Bidirectional;
  readonly x: NdArray;
  readonly wanted: readonly (readonly number[])[];
}

const FACTS: readonly Fact[] = [
  {
    name: "LSTM",
    layer: () => lstm({ units: 3, ...KNOWN }),
    x: A,
    wanted: [rows(3, 0.6288687, 0.86899155, 0.9460773)],
  },
  {
    name: "LSTM, go_backwards",
    layer: () => lstm({ units: 3, goBackwards: true, ...KNOWN }),
    x: A,
    wanted: [rows(3, 0.35622165, 0.74789524, 0.8872726)],
  },
  {
    name: "LSTM, the second call from the states of the first",
    layer: () => lstm({ units: 4, ...KNOWN }),
    x: B,
    wanted: [rows(4, 0.3124785, 0.6863672)],
    calls: 2,
  },
  {
    name: "LSTM, initial state",
    layer: () => lstm({ units: 2, ...KNOWN }),
    x: C,
    wanted: [[0.20574439, 0.3558822, 0.64930826, 0.66276]],
    states: [
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ],
  },
  {
    name: "LSTM, mask",
    layer: () => lstm({ units: 2, returnSequences: true, ...KNOWN }),
    x: C,
    wanted: [rows(2, 0.0158891, 0.05552048, 0.11755939, 0.11755939, 0.14185596, 0.28556206, 0.28556206, 0.28556206)],
    mask: [1, 1, 1, 0, 1, 1, 0, 0],
  },
  {
    name: "GRU",
    layer: () => gru({ units: 3, ...KNOWN }),
    x: A,
    wanted: [rows(3, 0.5217289, 0.6371659, 0.39384964)],
  },
  {
    name: "GRU, initial state",
    layer: () => gru({ units: 2, ...KNOWN }),
    x: C,
    wanted: [[0.23774096, 0.33508456, 0.83659905, 1.0227708]],
    states: [[0, 1, 2, 3]],
  },
  {
    name: "SimpleRNN",
    layer: () => simpleRnn({ units: 4, ...KNOWN }),
    x: B,
    wanted: [rows(4, 0.405432, 0.73605347)],
  },
  {
    name: "SimpleRNN, go_backwards",
    layer: () => simpleRnn({ units: 4, goBackwards: true, ...KNOWN }),
    x: B,
    wanted: [rows(4, 0.11144729, 0.5528889)],
  },
  {
    name: "Bidirectional LSTM, return_state",
    layer: () => bidirectional({ layer: lstm({ units: 2, returnState: true, ...KNOWN }) }),
    x: C,
    wanted: [
      [0.1990008, 0.1990008, 0.12659755, 0.12659755, 0.52335435, 0.52335435, 0.44717982, 0.44717982],
      rows(2, 0.1990008, 0.52335435),
      rows(2, 0.35567185, 1.0492687),
      rows(2, 0.12659755, 0.44717982),
      rows(2, 0.2501858, 0.941473),
    ],
  },
];

/** Cases of Keras's tests of its recurrent layers. */
export const kerasFactCases: readonly ConformanceCase[] = [
  ...FACTS.map(
    ({ name, layer, x, wanted, ...parts }): ConformanceCase => ({
      name: `keras's tests: ${name}`,
      run: (device) => expectLayer(device, layer(), x, wanted, parts),
    }),
  ),
  {
    name: "keras's tests: an LSTM trained from zeros",
    run: async (device) => {
      using model = sequential(
        [
          lstm({ units: 1, kernelInitializer: zeros(), recurrentInitializer: zeros(), useBias: false }),
          dense({ units: 1, kernelInitializer: ones(), useBias: false }),
        ],
        { device, inputShape: [3, 4] },
      );
      model.compile({ optimizer: sgd({ learningRate: 1 }), loss: "mse" });
      const x = { shape: [5, 3, 4], data: new Float32Array(60).fill(1) };
      await model.fit(x, { shape: [5, 1], data: new Float32Array(5).fill(1) }, { epochs: 2 });
      const [kernel, recurrent, out] = (await model.weights()) as readonly NdArray[] as [NdArray, NdArray, NdArray];
      const gates = [0.1431899, 0.0818228, 0.8760446, 0.2279626];
      const wanted = [...gates, ...gates, ...gates, ...gates];
      expectClose("kernel", kernel, { shape: [4, 4], data: wanted }, TOLERANCE);
      const recurrentGates = [0.0353897, 0.0241827, 0.0002582, 0.0723021];
      expectClose("recurrent kernel", recurrent, { shape: [1, 4], data: recurrentGates }, TOLERANCE);
      expectClose("dense", out, { shape: [1, 1], data: [1.4559253] }, TOLERANCE);
    },
  },
];
