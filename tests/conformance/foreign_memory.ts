/** Arrays over memory that is not theirs alone: shared between threads, resizable, or taken away. */
import { VectorIndex } from "../../src/embed/index.ts";
import { input } from "../../src/graph/operation.ts";
import {
  type Device,
  dense,
  embedding,
  globalAveragePooling1d,
  type InputsLike,
  loadModel,
  type NdArray,
  program,
  sequential,
  ValueError,
} from "../../src/index.ts";
import { sha256Hex } from "../../src/io/sha256.ts";
import { add } from "../../src/ops/elementwise/arithmetic.ts";
import { matmul } from "../../src/ops/matmul/matmul.ts";
import { sum } from "../../src/ops/reduce/reduce.ts";
import { Program } from "../../src/runtime/run/program.ts";
import type { ConformanceCase } from "./case.ts";

const ROWS = 8;
const WIDTH = 3;
const SIZE = ROWS * WIDTH;
const numbers = Float32Array.from({ length: SIZE }, (_, index) => Math.sin(index));

/**
 * The numbers in memory that WebAssembly shares: pages without cross-origin isolation have no SharedArrayBuffer to
 * call.
 */
function shared(): Float32Array {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const view = new Float32Array(memory.buffer, 64, SIZE);
  view.set(numbers);
  return view;
}

/** The numbers in a buffer that can shrink, and a view that follows its length. */
function resizable(): { readonly view: Float32Array; readonly resize: (bytes: number) => void } {
  // `maxByteLength` is younger than the library that TypeScript is told of.
  const buffer: ArrayBuffer & { resize?: (bytes: number) => void } = Reflect.construct(ArrayBuffer, [
    4 * SIZE,
    { maxByteLength: 8 * SIZE },
  ]);
  const view = new Float32Array(buffer);
  view.set(numbers);
  return { view, resize: (bytes) => buffer.resize?.(bytes) };
}

function detach(view: Float32Array): Float32Array {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
  return view;
}

const rowsOf = (data: Float32Array): NdArray => ({ shape: [ROWS, WIDTH], data });

function smallModel(device: Device) {
  const model = sequential([dense({ units: 2 })], { device, inputShape: [WIDTH], seed: 5 });
  model.compile({ loss: "mse", optimizer: "sgd" });
  return model;
}

/** What a training on x, y and weights ends with. */
async function trained(device: Device, x: InputsLike, y: Float32Array, weight: Float32Array): Promise<string> {
  using model = smallModel(device);
  await model.fit(
    { x, y: { shape: [ROWS, 2], data: y }, sampleWeight: { shape: [ROWS], data: weight } },
    { epochs: 2, batchSize: 4, shuffle: false },
  );
  const [{ data: predicted }, weights] = [await model.predict(x), await model.weights()];
  return JSON.stringify([predicted, ...weights.map(({ data }) => data)].map((data) => Array.from(data)));
}

async function expectEqual(what: string, came: Promise<string>, wanted: string): Promise<void> {
  const text = await came;
  if (text !== wanted) throw new Error(`${what}: came ${text}; expected ${wanted}`);
}

async function expectRefusal(what: string, work: () => unknown): Promise<void> {
  let thrown: unknown;
  try {
    await work();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof ValueError) || !/detached|transferred/.test(thrown.message)) {
    throw new Error(`${what}: came ${String(thrown)}; expected a ValueError that says the memory is gone`);
  }
}

const firstOf = (view: Float32Array, count: number) => view.subarray(0, count);

export const foreignMemoryCases: readonly ConformanceCase[] = [
  {
    name: "foreign memory: shared and resizable arrays train and predict as copies of them do",
    async run(device) {
      const wanted = await trained(
        device,
        rowsOf(numbers),
        firstOf(numbers, 2 * ROWS),
        firstOf(numbers.map(Math.abs), ROWS),
      );
      const abs = (view: Float32Array) => {
        view.set(view.map(Math.abs));
        return firstOf(view, ROWS);
      };
      for (const [what, make] of [
        ["shared", shared],
        ["resizable", () => resizable().view],
      ] as const) {
        const came = trained(device, rowsOf(make()), firstOf(make(), 2 * ROWS), abs(make()));
        await expectEqual(what, came, wanted);
      }
      const nested = Array.from({ length: ROWS }, (_, row) => shared().subarray(row * WIDTH, (row + 1) * WIDTH));
      await expectEqual("nested", trained(device, nested, firstOf(shared(), 2 * ROWS), abs(shared())), wanted);
    },
  },
  {
    name: "foreign memory: programs and indexes take shared and resizable arrays",
    async run(device) {
      const product = program(device, (a, b) => matmul(a, b, { transposeB: true }));
      const textOf = ({ data }: NdArray) => JSON.stringify(Array.from(data));
      const wanted = textOf(await product(rowsOf(numbers), rowsOf(numbers)));
      const ids = Array.from({ length: ROWS }, (_, id) => id);
      for (const make of [shared, () => resizable().view]) {
        await expectEqual("program", product(rowsOf(make()), rowsOf(make())).then(textOf), wanted);
        using index = new VectorIndex(device, { dimension: WIDTH });
        await index.add(ids, make());
        await index.update(1, make().subarray(WIDTH, 2 * WIDTH));
        const hits = await index.search(make(), { k: 1 });
        const found = hits.map(([hit]) => hit?.id);
        if (found.join() !== ids.join()) throw new Error(`found ${found.join()}; expected ${ids.join()}`);
      }
      product.dispose();
    },
  },
  {
    name: "foreign memory: a resizable array that shrinks while a training begins changes nothing",
    async run(device) {
      const weights = () => firstOf(numbers.map(Math.abs), ROWS);
      const wanted = await trained(device, rowsOf(numbers), firstOf(numbers, 2 * ROWS), weights());
      using model = smallModel(device);
      const { view, resize } = resizable();
      const y = { shape: [ROWS, 2], data: firstOf(numbers, 2 * ROWS) };
      const sampleWeight = { shape: [ROWS], data: weights() };
      const fit = model.fit({ x: rowsOf(view), y, sampleWeight }, { epochs: 2, batchSize: 4, shuffle: false });
      resize(8);
      await fit;
      const all = [(await model.predict(rowsOf(numbers))).data, ...(await model.weights()).map(({ data }) => data)];
      await expectEqual("shrunk", Promise.resolve(JSON.stringify(all.map((data) => Array.from(data)))), wanted);
    },
  },
  {
    name: "foreign memory: an array whose memory is gone is refused, before a run and in the middle of one",
    async run(device) {
      using model = smallModel(device);
      const before = JSON.stringify((await model.weights()).map(({ data }) => Array.from(data)));
      const y = { shape: [ROWS, 2], data: firstOf(numbers, 2 * ROWS) };
      const gone = () => detach(numbers.slice());
      await expectRefusal("fit, x", () => model.fit(rowsOf(gone()), y));
      await expectRefusal("fit, x without a shape", () => model.fit(gone(), y));
      await expectRefusal("fit, y", () => model.fit(rowsOf(numbers), { shape: [ROWS, 2], data: gone() }));
      await expectRefusal("predict", () => model.predict(rowsOf(gone())));
      await expectRefusal("setWeights", () => model.setWeights([rowsOf(gone()), { shape: [2], data: [0, 0] }]));
      // Transferred once the call has checked it.
      for (const [what, work] of [
        ["fit", (x: Float32Array) => model.fit(rowsOf(x), y, { batchSize: 4 })],
        ["predict", (x: Float32Array) => model.predict(rowsOf(x), { batchSize: 4 })],
      ] as const) {
        const x = numbers.slice();
        const running = work(x);
        detach(x);
        await expectRefusal(`${what}, transferred meanwhile`, () => running);
      }
      const after = JSON.stringify((await model.weights()).map(({ data }) => Array.from(data)));
      if (after !== before) throw new Error("weights changed though the data was refused");
      using index = new VectorIndex(device, { dimension: WIDTH });
      await expectRefusal("VectorIndex.add", () => index.add([0], detach(numbers.slice(0, WIDTH))));
      await expectRefusal("VectorIndex.search", () => index.search(detach(numbers.slice(0, WIDTH))));
      const product = program(device, (a) => matmul(a, a, { transposeB: true }));
      await expectRefusal("program", () => product(rowsOf(gone())));
      product.dispose();
    },
  },
  {
    name: "foreign memory: rows of ids, streams and a program's own feeds",
    async run(device) {
      const sharedIds = (list: readonly number[]) => {
        const view = new Int32Array(shared().buffer, 512, list.length);
        view.set(list);
        return view;
      };
      const ids = [1, 2, 3, 4, 1, 2];
      const offsets = [0, 2, 3, 6];
      const train = async (make: (list: readonly number[]) => Int32Array) => {
        using model = sequential(
          [embedding({ inputDim: 5, outputDim: 2 }), globalAveragePooling1d(), dense({ units: 1 })],
          { device, inputShape: [3], seed: 3 },
        );
        model.compile({ loss: "mse", optimizer: "sgd" });
        const x = { kind: "ragged", ids: make(ids), offsets: make(offsets), length: 3, padding: "pre" } as const;
        await model.fit({ x, y: [1, 0, 1] }, { epochs: 2, batchSize: 2 });
        const batches = function* () {
          yield { x, y: [0, 1, 0] };
        };
        await model.fit(batches, { epochs: 1, stepsPerEpoch: 1 });
        return JSON.stringify([await model.predict(x), await model.weights()]);
      };
      await expectEqual("ids", train(sharedIds), await train((list) => Int32Array.from(list)));

      const [small, large] = [input("small", [2]), input("large", [SIZE])];
      const sums = await Program.compile(
        device,
        { outputs: [add(sum(small), sum(large))], updates: [] },
        { label: "sums", inputs: [small, large] },
      );
      const feeds = (data: Float32Array) =>
        new Map([
          [small, { shape: [2], data: data.subarray(0, 2) }],
          [large, { shape: [SIZE], data }],
        ]);
      const textOf = (arrays: readonly NdArray[]) => JSON.stringify(arrays.map(({ data }) => Array.from(data)));
      await expectEqual("feeds", sums.run(feeds(shared())).then(textOf), textOf(await sums.run(feeds(numbers))));
      const late = numbers.slice();
      const given = feeds(late);
      detach(late);
      await expectRefusal("feeds, transferred", () => sums.run(given));
      sums.dispose();
    },
  },
  {
    name: "foreign memory: models and indexes load from shared bytes",
    async run(device) {
      const sharedBytes = (bytes: Uint8Array): Uint8Array => {
        const pages = Math.ceil(bytes.length / 65536) + 1;
        const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
        const view = new Uint8Array(buffer, 64, bytes.length);
        view.set(bytes);
        return view;
      };
      using model = smallModel(device);
      const files = await model.toFiles();
      using again = await loadModel(new Map([...files].map(([name, bytes]) => [name, sharedBytes(bytes)])), { device });
      const textOf = (value: unknown) => JSON.stringify(value);
      await expectEqual("weights", again.weights().then(textOf), textOf(await model.weights()));
      using index = new VectorIndex(device, { dimension: WIDTH });
      await index.add([1, 2], numbers.subarray(0, 2 * WIDTH));
      using copy = await VectorIndex.load(sharedBytes(await index.toBytes()), { device });
      await expectEqual("index", Promise.resolve(textOf(copy.get(2))), textOf(index.get(2)));
      await expectRefusal("bytes that were transferred", async () => {
        const bytes = new Uint8Array(await index.toBytes());
        structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
        return VectorIndex.load(bytes, { device });
      });
    },
  },
  {
    name: "foreign memory: shared bytes have the hash of a copy of them",
    async run() {
      const view = shared();
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      await expectEqual("hash", sha256Hex(bytes), await sha256Hex(new Uint8Array(bytes)));
    },
  },
];
