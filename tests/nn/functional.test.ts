/** Functional models: several inputs and outputs, shared and inner models, masks, states, freezing, saving. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  type CallContext,
  type CallResult,
  type Device,
  DTypeError,
  dense,
  dropout,
  Embedding,
  embedding,
  flatten,
  input,
  type Layer,
  Lstm,
  loadModel,
  lstm,
  MergeLayer,
  type Model,
  model,
  type NdArray,
  ops,
  type Shape,
  ShapeError,
  sequential,
  sgd,
  type Value,
  ValueError,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

/** The sum of all inputs. */
class Sum extends MergeLayer {
  readonly className: string = "Sum";
  readonly config = {};

  outputShape(shape: Shape): Shape {
    return shape;
  }

  merge(inputs: readonly Value[], { masks }: CallContext): CallResult {
    return { output: inputs.reduce((a, b) => ops.add(a, b)), mask: masks[0] };
  }
}
const sum = () => new Sum(undefined);

const names = (layers: readonly Layer[]) => layers.map(({ name }) => name);

/** x[row][column], each number another. */
const table = (rows: number, columns: number, from = 0): number[][] =>
  Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => Math.sin(from + 3 * row + column)),
  );

const numbers = ({ data }: NdArray) => Array.from(data);

describe("calls", () => {
  test("give symbolic tensors with shape, dtype and source", () => {
    const ids = input({ shape: [6], name: "ids" });
    const words = embedding({ inputDim: 9, outputDim: 4, name: "words" });
    const first = words.call(ids);
    const second = words.call(ids);
    expect(first).toMatchObject({ shape: [6, 4], dtype: "float32", index: 0 });
    expect([first.source, second.source]).toEqual(["words[0][0]", "words[1][0]"]);
    expect(dense({ units: 2 }).call(flatten().call(first)).shape).toEqual([2]);
  });

  test("that do not fit are refused by name", () => {
    const x = input({ shape: [6, 3] });
    const flat = input({ shape: [3] });
    const layer = lstm({ units: 4, name: "reader" });
    expect(() => layer.call([[1, 2]] as never)).toThrow(/LSTM "reader": call: got .*expected a symbolic tensor/);
    expect(() => layer.call([x, x])).toThrow(/LSTM "reader": got 2 inputs; expected 1/);
    expect(() => sum().call(x)).toThrow(/got 1 inputs; expected at least 2.*layer\.call\(\[a, b\]\)/);
    expect(() => layer.call(flat)).toThrow(ShapeError);
    expect(() => layer.call(x, { mask: flat })).toThrow(DTypeError);
    expect(() => layer.call(x, { mask: input({ shape: [5], dtype: "bool" }) })).toThrow(
      /mask is \[B, 5\]; expected \[B, 6\]/,
    );
    expect(() => dense({ units: 1 }).call(flat, { initialState: [flat] })).toThrow(/keeps no state/);
    expect(() => input({ shape: [0] })).toThrow(/input: shape is \[0\]/);
    const shared = dense({ units: 2, name: "shared" });
    shared.call(flat);
    expect(() => shared.call(input({ shape: [4] }))).toThrow(/first call was on \[B, 3\].*kernel.*\[3, 2\]/);
  });
});

describe("a model", () => {
  test("has Keras's order of layers and weights; those of a shared layer count once", () => {
    const left = input({ shape: [3], name: "left" });
    const right = input({ shape: [3], name: "right" });
    const shared = dense({ units: 4, name: "shared" });
    const late = dense({ units: 2 });
    const early = dense({ units: 4 });
    const joined = sum().call([shared.call(left), early.call(shared.call(right) && right)]);
    const twice = sum().call([joined, shared.call(right)]);
    const made = model({ inputs: [left, right], outputs: late.call(twice), device });
    // Depth decides: right and shared are read latest, by a call that is also nearest to the output.
    expect(names(made.layers)).toEqual(["left", "right", "shared", "dense", "sum", "sum_1", "dense_1"]);
    expect([...made.namedWeights.keys()]).toEqual([
      "shared/kernel",
      "shared/bias",
      "dense/kernel",
      "dense/bias",
      "dense_1/kernel",
      "dense_1/bias",
    ]);
    expect(made.summary()).toContain("Total params: 42");
    made.dispose();
  });

  test("predicts from inputs by list and by name", async () => {
    const left = input({ shape: [3], name: "left" });
    const right = input({ shape: [3], name: "right" });
    const shared = dense({ units: 2 });
    const both = sum().call([shared.call(left), shared.call(right)]);
    using made = model({ inputs: [left, right], outputs: both, device, seed: 1 });
    const [kernel] = (await made.weights()) as readonly NdArray[] as [NdArray];
    const [a, b] = [table(5, 3), table(5, 3, 7)];
    const came = await made.predict([a, b], { batchSize: 2 });
    expect(came.shape).toEqual([5, 2]);
    const wanted = a.flatMap((row, r) =>
      [0, 1].map((unit) =>
        row.reduce((total, value, k) => total + (value + (b[r]?.[k] ?? 0)) * (kernel.data[k * 2 + unit] ?? 0), 0),
      ),
    );
    for (const [index, value] of wanted.entries()) expect(came.data[index]).toBeCloseTo(value, 5);
    expect(numbers(await made.predict({ right: b, left: a }))).toEqual(numbers(came));
    await expect(made.predict([a])).rejects.toThrow(/list of 1; expected 2.*"left", "right"/);
    await expect(made.predict({ left: a, top: b })).rejects.toThrow(/lacks "right"/);
    await expect(made.predict([a, b.slice(1)])).rejects.toThrow(/"right" holds 4 examples, x "left" holds 5/);
  });

  test("of layers that other models have named keeps names apart", async () => {
    const x = input({ shape: [3], name: "x" });
    const [a, b] = [dense({ units: 2 }), dense({ units: 2 })];
    const [left, right] = [a.call(x), b.call(x)];
    using first = model({ inputs: x, outputs: left, device });
    using second = model({ inputs: x, outputs: right, device });
    expect([a.name, b.name]).toEqual(["dense", "dense"]);
    using both = model({ inputs: x, outputs: sum().call([left, right]), device });
    expect([...both.namedWeights.keys()]).toEqual(["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]);
    const wanted = numbers(await both.predict(table(2, 3)));
    const [one, two] = [await first.predict(table(2, 3)), await second.predict(table(2, 3))];
    wanted.forEach((value, index) => {
      expect(value).toBeCloseTo((one.data[index] ?? 0) + (two.data[index] ?? 0), 5);
    });
    using again = await loadModel(await second.toFiles(), { device });
    expect(numbers(await again.predict(table(2, 3)))).toEqual(numbers(two));
  });

  test("that cannot be is refused", () => {
    const x = input({ shape: [3], name: "x" });
    const other = input({ shape: [3], name: "other" });
    const end = dense({ units: 1 }).call(x);
    expect(() => model({ inputs: other, outputs: end })).toThrow(/depend on the input "x", which is not among inputs/);
    expect(() => model({ inputs: [x, other], outputs: end })).toThrow(/no output depends on the input "other"/);
    expect(() => model({ inputs: end, outputs: dense({ units: 1 }).call(end) })).toThrow(/output of a layer/);
    expect(() => model({ inputs: x, outputs: [] })).toThrow(/got no outputs/);
    const twins = dense({ units: 1, name: "twin" }).call(dense({ units: 1, name: "twin" }).call(x));
    expect(() => model({ inputs: x, outputs: twins })).toThrow(/two layers of the model have the name "twin"/);
    const homeless = model({ inputs: x, outputs: end });
    expect(() => homeless.compile({ loss: "mse" })).toThrow(/"functional" has no device/);
  });

  test("in a row gives the same bits as sequential, training and dropout included", async () => {
    const layers = () => [
      embedding({ inputDim: 9, outputDim: 3 }),
      dropout({ rate: 0.5 }),
      lstm({ units: 3 }),
      dense({ units: 1 }),
    ];
    const x = Array.from({ length: 10 }, (_, row) => Array.from({ length: 4 }, (_, t) => (row * 5 + t * t) % 9));
    const y = table(10, 1);
    const train = async (made: Model) => {
      made.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: "mse" });
      await made.fit(x, y, { epochs: 2, batchSize: 4 });
      const weights = await made.weights();
      made.dispose();
      return weights.map(({ name, data }) => [name, Array.from(data)]);
    };
    const row = await train(sequential(layers(), { device, inputShape: [4], seed: 3 }));
    const start = input({ shape: [4] });
    const end = layers().reduce((tensor, layer) => layer.call(tensor), start);
    expect(await train(model({ inputs: start, outputs: end, device, seed: 3 }))).toEqual(row);
  });
});

describe("masks", () => {
  const ids = [
    [3, 1, 0, 0],
    [2, 5, 4, 0],
  ];

  test("flow from the embedding, and a given one takes their place", async () => {
    const make = (maskZero: boolean, given: boolean) => {
      const x = input({ shape: [4], name: "x" });
      const mask = input({ shape: [4], dtype: "bool", name: "mask" });
      const words = embedding({ inputDim: 6, outputDim: 3, maskZero }).call(x);
      const end = lstm({ units: 2 }).call(dropout({ rate: 0.5 }).call(words), given ? { mask } : {});
      return model({ inputs: given ? [x, mask] : [x], outputs: end, device, seed: 5 });
    };
    using masked = make(true, false);
    using unmasked = make(false, false);
    using given = make(false, true);
    const flags = ids.map((row) => row.map((id) => Number(id !== 0)));
    const wanted = numbers(await masked.predict(ids));
    expect(numbers(await given.predict([ids, flags]))).toEqual(wanted);
    expect(numbers(await unmasked.predict(ids))).not.toEqual(wanted);
    await expect(given.predict([ids, ids])).rejects.toThrow(/"mask": element 0 is 3; a bool input takes 0 and 1/);
  });

  test("are rows of the summary where a layer reads them, as Keras prints it", () => {
    const x = input({ shape: [9], dtype: "int32", name: "ids" });
    const words = embedding({ inputDim: 40, outputDim: 6, maskZero: true, name: "embedding_5" }).call(x);
    const end = dense({ units: 3, name: "dense_15" }).call(
      dropout({ rate: 0.2 }).call(lstm({ units: 14, name: "bidirectional_4" }).call(words)),
    );
    using made = model({ inputs: x, outputs: end, device, name: "named" });
    expect(made.summary().split("\n").slice(0, 17).join("\n")).toBe(`Model: "named"
┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)        ┃ Output Shape      ┃    Param # ┃ Connected to      ┃
┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━┩
│ ids (InputLayer)    │ (None, 9)         │          0 │ -                 │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ embedding_5         │ (None, 9, 6)      │        240 │ ids[0][0]         │
│ (Embedding)         │                   │            │                   │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ not_equal           │ (None, 9)         │          0 │ ids[0][0]         │
│ (NotEqual)          │                   │            │                   │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ bidirectional_4     │ (None, 14)        │      1,176 │ embedding_5[0][0… │
│ (LSTM)              │                   │            │ not_equal[0][0]   │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ dropout (Dropout)   │ (None, 14)        │          0 │ bidirectional_4[… │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤`);
    expect(made.summary({ showMask: true })).toMatch(/embedding_5 .*240 │ ids\[0\]\[0\] +│ \(None, 9\)/);
  });
});

describe("models in models", () => {
  const encoder = () =>
    sequential([dense({ units: 3, activation: "tanh" }), dense({ units: 2 })], { inputShape: [4], name: "encoder" });

  test("share their weights, named by the way to them", async () => {
    const [a, b] = [input({ shape: [4], name: "a" }), input({ shape: [4], name: "b" })];
    const inner = encoder();
    const end = dense({ units: 1 }).call(sum().call([inner.call(a), inner.call(b)]));
    using outer = model({ inputs: [a, b], outputs: end, device, seed: 2 });
    expect((await outer.weights()).map(({ name }) => name)).toEqual([
      "encoder/dense/kernel",
      "encoder/dense/bias",
      "encoder/dense_1/kernel",
      "encoder/dense_1/bias",
      "dense/kernel",
      "dense/bias",
    ]);
    expect(outer.summary()).toMatch(/encoder +│ \(None, 2\) +│ +23 │ a\[0\]\[0\], b\[0\]\[0\]/);
    expect(outer.summary({ expandNested: true })).toContain("│    └ dense_1        │ (None, 2)");
    const x = table(3, 4);
    expect(numbers(await outer.predict([x, x]))).toHaveLength(3);
    const row = sequential([encoder(), dense({ units: 1 })], { device, inputShape: [4] });
    expect(row.outputShape).toEqual([1]);
    expect(() => sequential([encoder()], { device, inputShape: [5] })).toThrow(
      /called on \[B, 5\]; the model takes \[B, 4\]/,
    );
    row.dispose();
  });

  test("train, freeze, save and load", async () => {
    const x = input({ shape: [4], name: "x" });
    const inner = encoder();
    const make = () => model({ inputs: x, outputs: dense({ units: 1 }).call(inner.call(x)), device, seed: 2 });
    using outer = make();
    inner.trainable = false;
    outer.compile({ optimizer: "adam", loss: "mse" });
    expect(outer.summary()).toContain("Trainable params: 3 ");
    expect(outer.summary()).toContain("Non-trainable params: 23 ");
    expect([...outer.namedSlots.keys()]).toEqual(["dense/kernel/m", "dense/kernel/v", "dense/bias/m", "dense/bias/v"]);
    const before = await outer.weights();
    await outer.fit(table(8, 4), table(8, 1));
    const frozen = await outer.weights();
    expect(frozen.slice(0, 4)).toEqual(before.slice(0, 4));
    expect(frozen[4]).not.toEqual(before[4]);
    using again = await loadModel(await outer.toFiles(), { device });
    expect(await again.weights()).toEqual(frozen);
    expect(again.summary()).toBe(outer.summary());
    expect(numbers(await again.predict(table(2, 4)))).toEqual(numbers(await outer.predict(table(2, 4))));
    inner.trainable = true;
    outer.compile({ optimizer: "adam", loss: "mse" });
    await outer.fit(table(8, 4), table(8, 1));
    expect((await outer.weights())[0]).not.toEqual(frozen[0]);
  });

  test("keep their weights until the last model that shares them is disposed", async () => {
    const start = device.memory.bytes;
    const x = input({ shape: [4] });
    const layer = dense({ units: 2 });
    const hidden = layer.call(x);
    const first = model({ inputs: x, outputs: hidden, device, seed: 9 });
    const second = model({ inputs: x, outputs: dense({ units: 1 }).call(hidden), device, seed: 9 });
    await first.setWeights([
      { shape: [4, 2], data: [1, 2, 3, 4, 5, 6, 7, 8] },
      { shape: [2], data: [0, 1] },
    ]);
    first.dispose();
    expect(numbers((await second.weights())[0] as NdArray)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    second.dispose();
    expect(device.memory.bytes).toBe(start);
  });
});

describe("states", () => {
  test("of one layer begin another; an encoder and a decoder train, save and load", async () => {
    const source = input({ shape: [5, 2], name: "source" });
    const target = input({ shape: [3, 2], name: "target" });
    const [, h, c] = lstm({ units: 4, returnState: true, name: "encoder" }).call(source);
    const read = lstm({ units: 4, returnSequences: true, name: "decoder" }).call(target, {
      initialState: [h, c],
    });
    const end = dense({ units: 1 }).call(read);
    using made = model({ inputs: [source, target], outputs: end, device, seed: 3 });
    expect(made.outputShape).toEqual([3, 1]);
    expect(made.summary()).toMatch(/encoder \(LSTM\) +│ \[\(None, 4\), +│ +112 │ source/);
    const cube = (rows: number, time: number, from: number) =>
      Array.from({ length: rows }, (_, row) => table(time, 2, from + row));
    const [sources, targets] = [cube(6, 5, 0), cube(6, 3, 9)];
    const before = numbers(await made.predict([sources, targets]));
    expect(numbers(await made.predict([cube(6, 5, 1), targets]))).not.toEqual(before);
    made.compile({ loss: "mse", optimizer: sgd({ learningRate: 0.5 }) });
    const encoder = (await made.weights())[0] as NdArray;
    await made.fit(
      [sources, targets],
      targets.map((row) => row.map(([value]) => [value ?? 0])),
      { epochs: 2 },
    );
    expect(numbers((await made.weights())[0] as NdArray)).not.toEqual(numbers(encoder));
    using again = await loadModel(await made.toFiles(), { device });
    expect(numbers(await again.predict([sources, targets]))).toEqual(numbers(await made.predict([sources, targets])));
    expect(again.summary()).toBe(made.summary());
  });

  test("that do not fit are refused, and returnState in a row of layers", () => {
    const x = input({ shape: [5, 2] });
    const [, h] = lstm({ units: 3, returnState: true }).call(x);
    const layer = lstm({ units: 4, name: "next" });
    expect(() => layer.call(x, { initialState: [h] })).toThrow(
      /LSTM "next": initialState is \[B, 3\]; expected 2 of shape \[B, 4\], \[B, 4\]/,
    );
    expect(() =>
      sequential([lstm({ units: 3, returnState: true }), dense({ units: 1 })], { device, inputShape: [5, 2] }),
    ).toThrow(/sequential: LSTM "lstm" has 3 outputs, as with returnState.*model\(\{ inputs, outputs \}\)/);
  });
});

describe("several outputs", () => {
  const make = () => {
    const x = input({ shape: [3], name: "x" });
    const hidden = dense({ units: 4, activation: "tanh" }).call(x);
    const size = dense({ units: 1, name: "size" }).call(hidden);
    const kind = dense({ units: 1, activation: "sigmoid", name: "kind" }).call(hidden);
    return model({ inputs: x, outputs: [size, kind], device, seed: 4 });
  };
  const x = table(12, 3);
  const size = table(12, 1, 2);
  const kind = x.map(([value = 0]) => [Number(value > 0)]);

  test("have losses, weights and metrics of their own; evaluate adds up what fit minimises", async () => {
    using made = make();
    made.compile({
      optimizer: sgd({ learningRate: 0.1 }),
      loss: { size: "mse", kind: "binaryCrossentropy" },
      lossWeights: { size: 0.25, kind: 2 },
      metrics: { kind: ["accuracy"], size: "mae" },
    });
    const logs = await made.evaluate(x, [size, kind], { batchSize: 5 });
    expect(Object.keys(logs)).toEqual(["loss", "sizeLoss", "kindLoss", "sizeMae", "kindAccuracy"]);
    expect(logs.loss).toBeCloseTo(0.25 * (logs.sizeLoss ?? 0) + 2 * (logs.kindLoss ?? 0), 5);
    const predicted = await made.predict(x);
    const mse = size.reduce((total, [y = 0], row) => total + (y - (predicted[0]?.data[row] ?? 0)) ** 2 / 12, 0);
    expect(logs.sizeLoss).toBeCloseTo(mse, 5);
    const { history } = await made.fit({ x, y: { kind, size } }, { epochs: 3, batchSize: 4, validationSplit: 0.25 });
    expect(Object.keys(history)).toContain("valKindAccuracy");
    expect(history.loss?.at(-1)).toBeLessThan(history.loss?.[0] ?? 0);
    using again = await loadModel<NdArray[]>(await made.toFiles(), { device });
    expect(await again.evaluate(x, { size, kind })).toEqual(await made.evaluate(x, { size, kind }));
  });

  test("may be left out of the training with null; its layers stay as they were", async () => {
    using made = make();
    made.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: ["mse", null] });
    const before = await made.weights();
    const { history } = await made.fit(x, size);
    expect(Object.keys(history)).toEqual(["loss"]);
    const after = await made.weights();
    const changed = after.filter(
      (weight, index) => numbers(weight).join() !== numbers(before[index] as NdArray).join(),
    );
    expect(changed.map(({ name }) => name)).toEqual(["dense/kernel", "dense/bias", "size/kernel", "size/bias"]);
  });

  test("that are named wrongly are refused", async () => {
    using made = make();
    expect(() => made.compile({ loss: { sizes: "mse" } })).toThrow(/names the output "sizes".*"size", "kind"/);
    expect(() => made.compile({ loss: ["mse"] })).toThrow(/list of 1; the model has 2 outputs/);
    expect(() => made.compile({ loss: "mse", metrics: ["accuracy"] })).toThrow(/metrics is a list of 1/);
    made.compile({ loss: "mse" });
    await expect(made.fit(x, size)).rejects.toThrow(/y is a list of 12; expected 2.*"size", "kind"/);
    await expect(made.fit(x, { size, kinds: kind })).rejects.toThrow(ValueError);
  });
});

test("a layer is found by name and by place, typed as one of a class", () => {
  using made = sequential([embedding({ inputDim: 9, outputDim: 2 }), lstm({ units: 3, name: "reader" })], {
    device,
    inputShape: [4],
    name: "judge",
  });
  const units: number = made.getLayer("reader", Lstm).units;
  expect(units).toBe(3);
  const { outputDim }: { readonly outputDim: number } = made.getLayer(0, Embedding);
  expect(outputDim).toBe(2);
  expect(made.getLayer(-1)).toBe(made.getLayer("reader"));
  expect(() => made.getLayer("writer")).toThrow(
    'getLayer: the model "judge" has no layer "writer"; its layers are embedding (Embedding), reader (LSTM)',
  );
  expect(() => made.getLayer("reader", Embedding)).toThrow(/no layer "reader" of the given class; its layers are/);
  expect(() => made.getLayer(2)).toThrow(ValueError);
});
