/** The expected values of Keras's own tests: kernel all 0.01, recurrent kernel all 0.02, bias all 0.03. */
import {
  constant,
  type Device,
  dense,
  inputValue,
  type LstmOptions,
  lstm,
  type NdArray,
  ones,
  sequential,
  sgd,
  type Value,
  zeros,
} from "../../src/index.ts";
import { expectClose } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";
import { buildLayer, contextOf, runOnce } from "./keras_case.ts";

const TOLERANCE = { absolute: 1e-5, relative: 1e-5 };

function arange(shape: readonly number[]): NdArray {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, index) => index) };
}

function knownLstm(options: Partial<LstmOptions> & { readonly units: number }) {
  return lstm({
    kernelInitializer: constant(0.01),
    recurrentInitializer: constant(0.02),
    biasInitializer: constant(0.03),
    ...options,
  });
}

interface Parts {
  readonly state?: readonly number[];
  readonly mask?: readonly number[];
  /** How often the layer is called, each time from the states it ended in. */
  readonly calls?: number;
}

async function expectLstm(
  device: Device,
  options: Parameters<typeof knownLstm>[0],
  x: NdArray,
  wanted: readonly number[],
  { state, mask, calls = 1 }: Parts = {},
): Promise<void> {
  const layer = knownLstm(options);
  const variables = buildLayer(layer, [x.shape.slice(1)]);
  const [batch, time] = x.shape as [number, number];
  const feeds = new Map<Value, NdArray>();
  const feed = (value: Value, array: NdArray): Value => {
    feeds.set(value, array);
    return value;
  };
  const source = feed(inputValue("x", x.shape), x);
  const shape = [batch, options.units];
  const initial =
    state &&
    [0, 1].map((index) => feed(inputValue(`state ${index}`, shape), { shape, data: Float32Array.from(state) }));
  const flags =
    mask && feed(inputValue("mask", [batch, time], "bool"), { shape: [batch, time], data: Int32Array.from(mask) });
  let result = layer.compute(source, contextOf([source], { initialState: initial, mask: flags }));
  for (let call = 1; call < calls; call++)
    result = layer.compute(source, contextOf([source], { initialState: result.states }));
  const [came] = await runOnce(device, "lstm", [result.output], feeds, variables);
  expectClose("output", came as NdArray, { shape: result.output.shape, data: wanted }, TOLERANCE);
}

/** Each number for all units of its row. */
const rows = (units: number, ...values: number[]) => values.flatMap((value) => Array<number>(units).fill(value));

const A = arange([3, 6, 4]);
const B = arange([2, 3, 4]);
const C = arange([2, 4, 3]);

/** LSTM cases of Keras's tests. */
export const kerasFactCases: readonly ConformanceCase[] = [
  {
    name: "keras's tests: LSTM",
    run: (device) => expectLstm(device, { units: 3 }, A, rows(3, 0.6288687, 0.86899155, 0.9460773)),
  },
  {
    name: "keras's tests: LSTM, go_backwards",
    run: (device) => expectLstm(device, { units: 3, goBackwards: true }, A, rows(3, 0.35622165, 0.74789524, 0.8872726)),
  },
  {
    name: "keras's tests: LSTM, stateful, the second call",
    run: (device) => expectLstm(device, { units: 4 }, B, rows(4, 0.3124785, 0.6863672), { calls: 2 }),
  },
  {
    name: "keras's tests: LSTM, initial state",
    run: (device) =>
      expectLstm(device, { units: 2 }, C, [0.20574439, 0.3558822, 0.64930826, 0.66276], { state: [0, 1, 2, 3] }),
  },
  {
    name: "keras's tests: LSTM, mask",
    run: (device) =>
      expectLstm(
        device,
        { units: 2, returnSequences: true },
        C,
        rows(2, 0.0158891, 0.05552048, 0.11755939, 0.11755939, 0.14185596, 0.28556206, 0.28556206, 0.28556206),
        { mask: [1, 1, 1, 0, 1, 1, 0, 0] },
      ),
  },
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
