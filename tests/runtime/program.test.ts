/** What a Program asks of the GPU, by counting on the GPUDevice itself; how it plans; that updates commit together. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { sizeOf } from "../../src/core/shape.ts";
import {
  adam,
  type Device,
  dense,
  embedding,
  type Graph,
  inputValue,
  interpret,
  lstm,
  type NdArray,
  ops,
  Program,
  program,
  requestDevice,
  scalar,
  sequential,
  type Value,
  Variable,
} from "../../src/index.ts";
import { variablesOf } from "../../src/runtime/run/variables.ts";
import { testDevice } from "../support/device.ts";
import { countGpuCalls, type GpuCalls } from "../support/gpu_calls.ts";

let device: Device;
let calls: GpuCalls | undefined;
beforeAll(async () => {
  device = await testDevice();
});
afterEach(() => {
  calls?.restore();
  calls = undefined;
});

const vector = (...data: number[]): NdArray => ({ shape: [data.length], data: Float32Array.from(data) });

describe("a replayed program", () => {
  test("the counting itself sees buffers, submits and maps", async () => {
    calls = countGpuCalls(device);
    const f = program(device, (x) => [ops.mul(x, 2)], [{ shape: [3] }]);
    await f(vector(1, 2, 3));
    expect(calls.created).toMatchObject({ createBuffer: expect.any(Number), createBindGroup: 1 });
    expect(calls.submits).toBe(1);
    expect(calls.maps).toBe(1);
    f.dispose();
  });

  test("creates nothing, submits once, and maps only what is asked for", async () => {
    const w = new Variable({ name: "w", shape: [300], initial: () => vector(...Array(300).fill(1)) });
    const x = inputValue("x", [300]);
    const next = ops.add(w.value, ops.mul(x, 0.5));
    const graph: Graph = { outputs: [ops.sum(next)], updates: [{ variable: w, value: next }] };
    const compiled = await Program.compile(device, graph, { label: "counted", inputs: [x] });
    const feeds = new Map([[x, vector(...Array(300).fill(2))]]);
    await compiled.run(feeds);
    calls = countGpuCalls(device);
    compiled.submit(feeds);
    expect(calls).toMatchObject({ created: {}, submits: 1, maps: 0 });
    const [sum] = await compiled.run(feeds);
    expect(calls).toMatchObject({ created: {}, submits: 2, maps: 1 });
    expect(sum?.data[0]).toBe(1200);
    compiled.dispose();
    variablesOf(device).release([w]);
  });

  test("a whole fit creates nothing after its first step, and submits once per step", async () => {
    using model = sequential(
      [embedding({ inputDim: 20, outputDim: 4 }), lstm({ units: 4 }), dense({ units: 1, activation: "sigmoid" })],
      { device, inputShape: [5], seed: 1 },
    );
    model.compile({ optimizer: adam(), loss: "binaryCrossentropy", metrics: ["accuracy"] });
    const rows = 4 * 16 + 3;
    const x = { shape: [rows, 5], data: Int32Array.from({ length: rows * 5 }, (_, index) => (index * 7) % 20) };
    const y = { shape: [rows, 1], data: Float32Array.from({ length: rows }, (_, index) => index % 2) };
    const counted = countGpuCalls(device);
    calls = counted;
    let isReset = false;
    const { statistics } = await model.fit(x, y, {
      epochs: 3,
      batchSize: 16,
      onProgress: () => {
        if (!isReset) counted.reset();
        isReset = true;
      },
    });
    expect(isReset).toBe(true);
    expect(statistics.steps).toBe(15);
    expect(counted.created).toEqual({});
    expect(counted.submits).toBe(14);
    // One reading per epoch, at its end: no step waits for the GPU's numbers.
    expect(counted.maps).toBe(3);
    expect(statistics.readbacks).toBe(3);
  });

  test("a run needs its inputs, in their shape", async () => {
    const x = inputValue("x", [2]);
    const compiled = await Program.compile(
      device,
      { outputs: [ops.mul(x, 2)], updates: [] },
      { label: "fed", inputs: [x] },
    );
    await expect(compiled.run()).rejects.toThrow('the input "x" was not fed');
    await expect(compiled.run(new Map([[x, vector(1, 2, 3)]]))).rejects.toThrow("[3]; expected [2]");
    expect((await compiled.run(new Map([[x, vector(1, 2)]])))[0]?.data).toEqual(Float32Array.of(2, 4));
    compiled.dispose();
    compiled.dispose();
    await expect(compiled.run()).rejects.toThrow("was disposed");
  });

  test("disposed at any moment of a run, it leaves the device at work and no buffer", async () => {
    const before = device.memory.buffers;
    const x = inputValue("x", [2]);
    const graph = { outputs: [ops.mul(x, 2)], updates: [] };
    const ends = new Set<string>();
    for (let moment = 0; moment < 10; moment++) {
      const compiled = await Program.compile(device, graph, { label: "cut short", inputs: [x] });
      const run = compiled.run(new Map([[x, vector(1, 2)]])).then(
        () => "done",
        (error: Error) => error.name,
      );
      for (let turn = 0; turn < moment; turn++) await undefined;
      compiled.dispose();
      ends.add(await run);
      expect(device.memory.buffers).toBe(before);
    }
    expect(ends).toEqual(new Set(["DisposedError", "done"]));
    device.assertUsable();
  });

  test("a run whose device is disposed meanwhile says so", async () => {
    const x = inputValue("x", [2]);
    const graph = { outputs: [ops.mul(x, 2)], updates: [] };
    const ends = new Set<string>();
    for (let moment = 0; moment < 16; moment++) {
      const own = await requestDevice({ device: device.gpu });
      const compiled = await Program.compile(own, graph, { label: "cut short", inputs: [x] });
      const run = compiled.run(new Map([[x, vector(1, 2)]])).then(
        () => "done",
        (error: Error) => error.name,
      );
      for (let turn = 0; turn < moment; turn++) await undefined;
      own.dispose();
      ends.add(await run);
    }
    ends.delete("done");
    expect(ends).toEqual(new Set(["DisposedError"]));
    device.assertUsable();
  });

  test("reading runs that overlap each get their own result", async () => {
    const f = program(device, (x) => [ops.add(x, 1)], [{ shape: [] }]);
    const results = await Promise.all([1, 2, 3].map((n) => f({ shape: [], data: Float32Array.of(n) })));
    expect(results.map(([out]) => out?.data[0])).toEqual([2, 3, 4]);
    f.dispose();
  });
});

/** Runs a graph twice on the GPU and in the interpreter, and compares the variables. */
async function expectUpdates(variables: readonly Variable[], graph: Graph): Promise<Program> {
  const compiled = await Program.compile(device, graph, { label: "updates", inputs: [] });
  const bindings = { variables: new Map() };
  for (let run = 0; run < 2; run++) {
    const outputs = await compiled.run();
    const wanted = interpret(graph, bindings);
    const numbers = (arrays: readonly { readonly data: ArrayLike<number> }[]) =>
      arrays.map(({ data }) => Array.from(data));
    expect(numbers(outputs)).toEqual(numbers(wanted));
  }
  const arrays = await variablesOf(device).read(variables);
  arrays.forEach(({ data }, index) => {
    expect(Array.from(data)).toEqual(Array.from(bindings.variables.get(variables[index]).data));
  });
  variablesOf(device).release(variables);
  compiled.dispose();
  return compiled;
}

const variable = (name: string, ...data: number[]) =>
  new Variable({ name, shape: [data.length], initial: () => vector(...data) });

describe("updates commit together", () => {
  test("a swap", async () => {
    const [a, b] = [variable("a", 1, 2), variable("b", 3, 4)];
    await expectUpdates([a, b], {
      outputs: [ops.add(a.value, b.value)],
      updates: [
        { variable: a, value: b.value },
        { variable: b, value: a.value },
      ],
    });
  });

  test("each from both, and an output of the value before", async () => {
    const [a, b] = [variable("a", 1, 2), variable("b", 3, 4)];
    await expectUpdates([a, b], {
      outputs: [a.value, b.value],
      updates: [
        { variable: a, value: ops.sub(a.value, b.value) },
        { variable: b, value: ops.mul(a.value, b.value) },
      ],
    });
  });

  test("one value for two variables, a reshaped one and a constant", async () => {
    const [a, b, c] = [variable("a", 1, 2), variable("b", 3, 4), variable("c", 5, 6)];
    const value = ops.add(a.value, 1);
    await expectUpdates([a, b, c], {
      outputs: [],
      updates: [
        { variable: a, value },
        { variable: b, value: ops.reshape(ops.reshape(value, [2, 1]), [2]) },
        { variable: c, value: ops.broadcastTo(scalar(7), [2]) },
      ],
    });
  });
});

describe("the planner", () => {
  test("uses a buffer again once its tensor was read for the last time", async () => {
    let x: Value = inputValue("x", [64, 64]);
    const inputs = [x];
    for (let step = 0; step < 12; step++) x = ops.transpose(ops.softmax(x));
    const compiled = await Program.compile(device, { outputs: [x], updates: [] }, { label: "chain", inputs });
    // The input, two that take turns, the params and the staging buffer.
    expect(compiled.statistics.dispatches).toBe(24);
    expect(compiled.statistics.buffers).toBeLessThanOrEqual(5);
    compiled.dispose();
  });
});

describe("timing", () => {
  test("runs many times in one submit, committing after each, and gives the GPU's seconds", async () => {
    const w = new Variable({ name: "w", shape: [1000] });
    const x = inputValue("x", [1000]);
    const next = ops.add(w.value, x);
    const graph: Graph = { outputs: [ops.sum(next)], updates: [{ variable: w, value: next }] };
    const compiled = await Program.compile(device, graph, { label: "timed", inputs: [x] });
    const feeds = new Map([[x, vector(...Array(1000).fill(1))]]);
    calls = countGpuCalls(device);
    let slept = 0;
    const began = performance.now();
    const seconds = await compiled.time(5, feeds, async () => {
      slept++;
    });
    const around = (performance.now() - began) / 1000;
    expect(calls.submits).toBe(1);
    expect(slept).toBe(1);
    expect(seconds).toBeGreaterThanOrEqual(0);
    expect(seconds).toBeLessThan(around);
    const [values] = await variablesOf(device).read([w]);
    expect(values?.data[999]).toBe(5);
    // Twenty times the work takes longer.
    expect(await compiled.time(2000, feeds)).toBeGreaterThan(seconds);
    compiled.dispose();
    variablesOf(device).release([w]);
  });

  test("lets the caller choose a kernel's variant", async () => {
    const [a, b] = [inputValue("a", [70, 30]), inputValue("b", [30, 40])];
    const feeds = new Map(
      [a, b].map((value) => [value, { shape: value.shape, data: new Float32Array(sizeOf(value.shape)).fill(1) }]),
    );
    const kernels = async (variant: string | undefined) => {
      const compiled = await Program.compile(
        device,
        { outputs: [ops.matmul(a, b)], updates: [] },
        { label: "chosen", inputs: [a, b], chooseVariant: ({ kernel }) => (kernel === "matmul" ? variant : undefined) },
      );
      const [product] = await compiled.run(feeds);
      expect(product?.data.every((element) => element === 30)).toBe(true);
      const times = await compiled.profile(feeds);
      compiled.dispose();
      return times.map(({ kernel }) => kernel);
    };
    expect(await kernels("tiled")).toEqual(["matmul/tiled"]);
    expect(await kernels("naive")).toEqual(["matmul/naive"]);
    expect(await kernels(undefined)).toHaveLength(1);
  });
});
