/** Functional models with inner models, shared layers, states and masks: written, read again, and asked. */
import { afterAll, describe, expect, test } from "vitest";
import { readHdf5 } from "../../src/convert/hdf5/read.ts";
import { loadKeras, toKeras, toOnnx } from "../../src/convert/index.ts";
import { readZip, writeZip } from "../../src/convert/zip.ts";
import {
  add,
  additiveAttention,
  attention,
  average,
  bidirectional,
  concatenate,
  dense,
  dot,
  embedding,
  FormatError,
  gru,
  gruCell,
  input,
  lstm,
  lstmCell,
  masking,
  maximum,
  minimum,
  model,
  multiHeadAttention,
  multiply,
  type NdArray,
  rnn,
  sequential,
  simpleRnn,
  stackedRnnCells,
  subtract,
  timeDistributed,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { expectClose } from "../support/tolerance.ts";
import { PADDED, predictInOnnx, scramble } from "./predict.ts";
import { hasPython } from "./python.ts";

const device = await testDevice();
afterAll(() => device.dispose());

/** Two inputs and two outputs; an encoder whose states start a decoder; a shared layer; a model inside. */
function manySided() {
  const ids = input({ shape: [6], dtype: "int32", name: "ids" });
  const numbers = input({ shape: [6, 3], name: "numbers" });
  const words = embedding({ inputDim: 10, outputDim: 4, maskZero: true, name: "words" }).call(ids);
  const last = lstm({ units: 3, name: "encoder" }).call(words);
  const [h, c] = ["h", "c"].map((name) => dense({ units: 3, name }).call(last)) as [typeof ids, typeof ids];
  const shared = dense({ units: 3, activation: "tanh", name: "shared" });
  const decoder = lstm({ units: 3, name: "decoder" });
  const decoded = decoder.call(shared.call(masking({ name: "masking" }).call(numbers)), { initialState: [h, c] });
  const inner = sequential([dense({ units: 4, activation: "relu" }), dense({ units: 3 })], {
    inputShape: [3],
    name: "inner",
  });
  return model({
    inputs: [ids, numbers],
    outputs: [shared.call(inner.call(last)), dense({ units: 1, name: "verdict" }).call(inner.call(decoded))],
    device,
    name: "many_sided",
  });
}

const NUMBERS: NdArray = {
  shape: [5, 6, 3],
  data: Float32Array.from({ length: 90 }, (_, i) => (i % 18 < 6 ? 0 : Math.sin(i))),
};

const OTHERS: NdArray = { shape: [5, 4, 3], data: NUMBERS.data.slice(0, 60) };

const close = (came: readonly NdArray[], wanted: readonly NdArray[]) => {
  expect(came).toHaveLength(wanted.length);
  came.forEach((array, index) => {
    expectClose(`output ${index}`, array, wanted[index] as NdArray, { absolute: 1e-6, relative: 1e-5 });
  });
};

describe("a functional model", () => {
  test("survives being written as .keras and read again", async () => {
    const first = manySided();
    await scramble(first);
    const again = await loadKeras<NdArray[]>(await toKeras(first), { device });
    expect(again.summary()).toBe(first.summary());
    expect(await again.weights()).toEqual(await first.weights());
    close(await again.predict([PADDED, NUMBERS]), await first.predict([PADDED, NUMBERS]));
    // What is written of what was read is the same file.
    expect(await configOf(await toKeras(again))).toEqual(await configOf(await toKeras(first)));
    first.dispose();
    again.dispose();
  });

  test("has its masks as operations of their own, its states and its inner models where Keras has them", async () => {
    const first = manySided();
    const { config } = await configOf(await toKeras(first));
    const layers = new Map(config.layers.map((layer) => [layer.name, layer]));
    const tensor = (name: string, shape: (number | null)[], dtype: string, [call, output] = [0, 0]) => ({
      class_name: "__keras_tensor__",
      config: { shape, dtype, keras_history: [name, call, output] },
    });
    expect(layers.get("not_equal")?.inbound_nodes).toEqual([
      { args: [tensor("ids", [null, 6], "int32"), 0], kwargs: {} },
    ]);
    expect(layers.get("encoder")?.inbound_nodes).toEqual([
      {
        args: [tensor("words", [null, 6, 4], "float32")],
        kwargs: { mask: tensor("not_equal", [null, 6], "bool") },
      },
    ]);
    expect(layers.get("decoder")).toMatchObject({
      build_config: {
        shapes_dict: {
          sequences_shape: [null, 6, 3],
          initial_state_shape: [
            [null, 3],
            [null, 3],
          ],
        },
      },
      inbound_nodes: [
        {
          args: [tensor("shared", [null, 6, 3], "float32")],
          kwargs: {
            initial_state: [tensor("h", [null, 3], "float32"), tensor("c", [null, 3], "float32")],
            mask: tensor("any", [null, 6], "bool"),
          },
        },
      ],
    });
    expect(layers.get("shared")?.inbound_nodes).toHaveLength(2);
    expect(layers.get("inner")).toMatchObject({ class_name: "Sequential", config: { name: "inner" } });
    expect(config.output_layers).toEqual([
      ["shared", 1, 0],
      ["verdict", 0, 0],
    ]);
    first.dispose();
  });

  test("wrappers, cells, merging and attention survive", async () => {
    const x = input({ shape: [4, 3], name: "x" });
    const y = input({ shape: [4, 3], name: "y" });
    const masked = masking().call(x);
    const both = bidirectional({
      layer: gru({ units: 2, returnSequences: true, zeroOutputForMask: true, resetAfter: false, dropout: 0.1 }),
      mergeMode: "none",
    });
    const [forward, backward] = both.call(masked) as unknown as [typeof x, typeof x];
    const own = bidirectional({
      layer: simpleRnn({ units: 3, returnState: true }),
      backwardLayer: simpleRnn({ units: 3, activation: "relu", goBackwards: true, returnState: true, name: "back" }),
      mergeMode: "ave",
    });
    const [joined] = own.call(y) as unknown as [typeof x];
    const stack = rnn({
      cell: stackedRnnCells([lstmCell({ units: 3 }), gruCell({ units: 4 }), lstmCell({ units: 2, useBias: false })]),
      returnSequences: true,
    });
    const stacked = timeDistributed({ layer: dense({ units: 3 }) }).call(stack.call(y));
    const attended = [
      attention({ useScale: true, scoreMode: "concat", useCausalMask: true }).call([stacked, y]),
      additiveAttention().call([stacked, y, stacked]),
      add().call([multiply().call([x, y]), subtract().call([y, x])]),
      maximum().call([average().call([x, y]), minimum().call([x, y])]),
    ];
    const first = model({
      inputs: [x, y],
      outputs: [
        concatenate({ axis: 1 }).call(attended),
        dot({ axes: [2, 2], normalize: true }).call([forward, backward]),
        lstm({ units: 2, zeroOutputForMask: true }).call(masked),
        joined,
      ],
      device,
    });
    await scramble(first);
    const again = await loadKeras<NdArray[]>(await toKeras(first), { device });
    expect(again.summary()).toBe(first.summary());
    const sequence = { shape: [2, 4, 3], data: NUMBERS.data.slice(0, 24) };
    const other = { shape: [2, 4, 3], data: NUMBERS.data.slice(60, 84) };
    close(await again.predict([sequence, other]), await first.predict([sequence, other]));
    expect(await configOf(await toKeras(again))).toEqual(await configOf(await toKeras(first)));
    const named = ({ layers }: typeof first) => layers.map(({ className, name }) => ({ className, name }));
    expect(named(again)).toEqual(named(first));
    if (hasPython("onnxruntime", "python3-onnxruntime")) {
      close(predictInOnnx(await toOnnx(first), [sequence, other]), await first.predict([sequence, other]));
    }
    first.dispose();
    again.dispose();
  });

  test("an attention of several heads lies where Keras has it, in either form of its calls", async () => {
    const ids = input({ shape: [6], dtype: "int32", name: "ids" });
    const y = input({ shape: [4, 3], name: "y" });
    const words = embedding({ inputDim: 10, outputDim: 4, maskZero: true, name: "words" }).call(ids);
    const heads = { numHeads: 2, keyDim: 3, valueDim: 5, name: "heads" };
    const attended = multiHeadAttention({ ...heads, outputShape: 7, dropout: 0.1 }).call([y, words]);
    const own = multiHeadAttention({ numHeads: 1, keyDim: 2, useBias: false, useCausalMask: true, name: "own" });
    const first = model({ inputs: [ids, y], outputs: [attended, own.call([words, words, words])], device });
    await scramble(first);
    const bytes = await toKeras(first);
    const names = ["metadata.json", "config.json", "model.weights.h5"];
    const files = await readZip(bytes, new Map(names.map((name) => [name, 1 << 20])), "test");
    // The attributes and shapes of keras/src/layers/attention/multi_head_attention.py.
    const { datasets } = readHdf5(files.get("model.weights.h5") as Uint8Array, "test");
    const shapes = [...datasets].map(([path, { shape }]) => `${path} ${shape.join("x")}`);
    expect(shapes.filter((text) => text.includes("attention")).sort()).toEqual([
      "layers/multi_head_attention/key_dense/vars/0 4x2x3",
      "layers/multi_head_attention/key_dense/vars/1 2x3",
      "layers/multi_head_attention/output_dense/vars/0 2x5x7",
      "layers/multi_head_attention/output_dense/vars/1 7",
      "layers/multi_head_attention/query_dense/vars/0 3x2x3",
      "layers/multi_head_attention/query_dense/vars/1 2x3",
      "layers/multi_head_attention/value_dense/vars/0 4x2x5",
      "layers/multi_head_attention/value_dense/vars/1 2x5",
      "layers/multi_head_attention_1/key_dense/vars/0 4x1x2",
      "layers/multi_head_attention_1/output_dense/vars/0 1x2x4",
      "layers/multi_head_attention_1/query_dense/vars/0 4x1x2",
      "layers/multi_head_attention_1/value_dense/vars/0 4x1x2",
    ]);
    const again = await loadKeras<NdArray[]>(bytes, { device });
    const wanted = await first.predict([PADDED, OTHERS]);
    close(await again.predict([PADDED, OTHERS]), wanted);
    expect(await configOf(await toKeras(again))).toEqual(await configOf(bytes));
    // mha(query=y, value=words) in Python.
    const text = new TextDecoder().decode(files.get("config.json"));
    const named = JSON.stringify(JSON.parse(text), (_key, value) => {
      if (!Array.isArray(value?.args) || !("value_mask" in (value.kwargs ?? {}))) return value;
      const [query, other, key] = value.args;
      return { args: [], kwargs: { query, value: other, ...(key && { key }), ...value.kwargs } };
    });
    expect(named).toContain('"args":[],"kwargs":{"query":');
    files.set("config.json", new TextEncoder().encode(named));
    const third = await loadKeras<NdArray[]>(await writeZip(files), { device });
    close(await third.predict([PADDED, OTHERS]), wanted);
    for (const each of [first, again, third]) each.dispose();
  });

  test("an inner functional model is counted as Keras counts", async () => {
    const start = input({ shape: [2], name: "start" });
    const inside = model({ inputs: start, outputs: dense({ units: 2, name: "d" }).call(start), name: "inside" });
    const x = input({ shape: [2], name: "x" });
    const outer = model({ inputs: x, outputs: inside.call(inside.call(x)), device });
    const { config } = await configOf(await toKeras(outer));
    expect(config.output_layers).toEqual(["inside", 2, 0]);
    const again = await loadKeras(await toKeras(outer), { device });
    const at = { shape: [1, 2], data: Float32Array.of(1, 2) };
    expect(await again.predict(at)).toEqual(await outer.predict(at));
    outer.dispose();
    again.dispose();
  });

  test.skipIf(!hasPython("onnxruntime", "python3-onnxruntime"))("predicts the same in ONNX Runtime", async () => {
    const first = manySided();
    await scramble(first);
    close(predictInOnnx(await toOnnx(first), [PADDED, NUMBERS]), await first.predict([PADDED, NUMBERS]));
    first.dispose();
  });

  test.each([
    ["a mask of its own", '["ids",0,0]}},0]', '["ids",0,0]}},7]', /"encoder" reads a mask/],
    [
      "a call of what is not there",
      '"keras_history":["words",0,0]',
      '"keras_history":["wards",0,0]',
      /"encoder" reads a tensor that no layer outputs/,
    ],
    [
      "a circle",
      '"keras_history":["ids",0,0]',
      '"keras_history":["encoder",0,0]',
      /reads a tensor that no layer outputs, or its own/,
    ],
    ["an unknown argument", '"kwargs":{"initial_state"', '"kwargs":{"speed":3,"initial_state"', /called with speed 3/],
    [
      "an operation",
      '"class_name":"NotEqual","config":{"name":"not_equal"},"registered_name":"NotEqual"',
      '"class_name":"Einsum","config":{"name":"not_equal"},"registered_name":"Einsum"',
      /"Einsum"/,
    ],
    ["shapes that do not fit", '"batch_shape":[null,6,3]', '"batch_shape":[null,5,4,3]', /LSTM "decoder"/],
  ])("%s is named", async (_, from, to, message) => {
    const first = manySided();
    const names = ["metadata.json", "config.json", "model.weights.h5"];
    const files = await readZip(await toKeras(first), new Map(names.map((name) => [name, 1 << 20])), "test");
    const text = new TextDecoder().decode(files.get("config.json"));
    expect(text).toContain(from);
    files.set("config.json", new TextEncoder().encode(text.replace(from, to)));
    const bytes = await writeZip(files);
    await expect(loadKeras(bytes, { device })).rejects.toThrow(message);
    await expect(loadKeras(bytes, { device })).rejects.toBeInstanceOf(FormatError);
    first.dispose();
  });
});

interface Written {
  readonly config: {
    readonly layers: readonly { readonly name: string; readonly inbound_nodes: unknown }[];
    readonly output_layers: unknown;
  };
}

async function configOf(bytes: Uint8Array): Promise<Written> {
  const files = await readZip(bytes, new Map([["config.json", 1 << 20]]), "test");
  return JSON.parse(new TextDecoder().decode(files.get("config.json"))) as Written;
}
