/** Plans that are saved with a model: every layer of Keras's cases, files, and what is refused. */
import "../../src/node.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { serveFiles } from "../../src/cli/static_server.ts";
import {
  AbortError,
  Device,
  DeviceLostError,
  DisposedError,
  dense,
  FileError,
  FormatError,
  model as functional,
  input,
  LimitError,
  loadModel,
  lstm,
  type ModelFiles,
  type NdArray,
  repeatVector,
  requestDevice,
  ShapeError,
  sequential,
  ValueError,
} from "../../src/index.ts";
import { sha256Hex } from "../../src/io/sha256.ts";
import * as layers from "../../src/nn/layers/index.ts";
import { loadPredictor } from "../../src/predict/index.ts";
import { type KerasLayerCase, toArray } from "../conformance/keras_case.ts";
import { PLANNED } from "../conformance/predictor.ts";
import fixtures from "../fixtures/keras_layers.json" with { type: "json" };
import { smallData, smallModel } from "../nn/small_model.ts";
import { expectClose } from "../support/tolerance.ts";

const device = await requestDevice();
afterAll(() => device.dispose());

const cases = fixtures as unknown as readonly (KerasLayerCase & { readonly layer: string })[];
const factories = new Map(Object.entries(layers)) as unknown as Map<string, (options: unknown) => layers.Layer>;

describe("a plan predicts as the model does", () => {
  test.each(cases)("$name", async ({ layer, options, inputs, weights }) => {
    const dtype = layer === "embedding" ? "int32" : "float32";
    const make = factories.get(layer);
    if (make === undefined) throw new Error(`there is no layer ${layer}`);
    const starts = inputs.map(({ shape }) => input({ shape: shape.slice(1), dtype }));
    const [start, ...others] = starts as [layers.SymbolicTensor];
    const end = make(options).call(others.length === 0 ? start : starts);
    using model = functional({ inputs: starts, outputs: [end], device });
    await model.setWeights(weights.map((array) => toArray(array)));
    using predictor = await loadPredictor(await model.toFiles({ predictor: { batchSizes: [3] } }), { device });
    const x = inputs.map((array) => toArray(array, dtype));
    const given = x.length === 1 ? (x[0] as NdArray) : x;
    expectClose(layer, await predictor.predict(given), await model.predict(given), PLANNED);
  });
});

describe("loadPredictor", () => {
  const { x } = smallData(11);

  test("takes a directory, a file URL, a web address and half-precision weights", async () => {
    const folder = mkdtempSync(join(tmpdir(), "predictor-"));
    const server = await serveFiles({ "/": folder });
    try {
      using model = smallModel(device);
      await model.save(folder, { weights: "float16", training: false, predictor: true });
      using again = await loadModel(folder, { device });
      const wanted = await again.predict(x);
      for (const source of [folder, pathToFileURL(`${folder}/`), `${server.url}`]) {
        using predictor = await loadPredictor(source, { device });
        expectClose(String(source), await predictor.predict(x), wanted, PLANNED);
      }
      await model.save(folder);
      await expect(loadPredictor(folder, { device })).rejects.toThrow("saved without a plan; save it with");
    } finally {
      await server.close();
      rmSync(folder, { recursive: true });
    }
    await expect(loadPredictor(folder, { device })).rejects.toThrow(FileError);
  });

  test("leaves nothing behind", async () => {
    using model = smallModel(device);
    const files = await model.toFiles({ predictor: true });
    const { bytes } = device.memory;
    const predictor = await loadPredictor(files, { device });
    await predictor.predict(x);
    expect(device.memory.bytes).toBeGreaterThan(bytes);
    predictor.dispose();
    predictor.dispose();
    expect(device.memory.bytes).toBe(bytes);
    await expect(predictor.predict(x)).rejects.toThrow(DisposedError);
    // A negation of floats is what only the GPU's compiler refuses.
    const wrong = await edited(files, ({ gpu }) => {
      gpu.sets.push("elementwise");
      const steps = [{ op: "logicalNot", operands: { x: { input: 0 } }, dtype: "float32" }];
      const expression = { inputs: ["float32"], outputs: ["float32"], rank: 0, steps, results: [0] };
      const shader = gpu.shaders.push({ name: "elementwise+activations", constants: {}, features: [], expression }) - 1;
      const buffers = { x0: [0, 0, 4], y0: [4, 0, 4] };
      first(gpu.plans).steps.push({ shader, entryPoint: "elementwise", params: { size: 1 }, buffers, workgroups: ONE });
    });
    await expect(loadPredictor(wrong, { device })).rejects.toThrow(/did not compile/);
    expect(device.memory.bytes).toBe(bytes);
  });

  test("refuses what does not fit, as a model does", async () => {
    using model = smallModel(device);
    using predictor = await loadPredictor(await model.toFiles({ predictor: true }), { device });
    await expect(predictor.predict([[1, 2]])).rejects.toThrow(ShapeError);
    await expect(predictor.predict([[1, 2, 3, 4, 5, 20]])).rejects.toThrow(/outside the embedding's table of 20 rows/);
    await expect(predictor.predict([[1, 2, 3, 4, 5, 0.5]])).rejects.toThrow(ValueError);
    const stopped = AbortSignal.abort();
    await expect(predictor.predict(x, { signal: stopped })).rejects.toThrow(AbortError);
  });

  test("a stateful model takes whole batches of one size", async () => {
    using model = sequential([lstm({ units: 2, stateful: true })], { device, inputShape: [3, 1] });
    await expect(model.toFiles({ predictor: true })).rejects.toThrow("give that size alone");
    using predictor = await loadPredictor(await model.toFiles({ predictor: { batchSizes: [2] } }), { device });
    await expect(predictor.predict([[[1], [2], [3]]])).rejects.toThrow("takes a multiple of them");
  });

  test("what not every adapter can bind is refused when it is saved", async () => {
    using model = sequential([repeatVector({ n: 40_000 })], { device, inputShape: [900] });
    await expect(model.toFiles({ predictor: true })).rejects.toThrow(LimitError);
    await expect(model.toFiles({ predictor: { batchSizes: [] } })).rejects.toThrow("got 0 batchSizes");
    await expect(model.toFiles({ predictor: { batchSizes: [1.5] } })).rejects.toThrow(ValueError);
  });

  test("refuses plans that lead the GPU astray", async () => {
    using model = smallModel(device);
    const files = await model.toFiles({ predictor: { batchSizes: [2] } });
    const refused: Readonly<Record<string, readonly [(plan: Plan) => void, RegExp]>> = {
      "the version that held shader code": [
        (plan) => {
          plan.formatVersion = 1;
        },
        /format version 1; it contains shader code: save the model again/,
      ],
      "a newer version": [
        (plan) => {
          plan.formatVersion = 3;
        },
        /format version 3; this Sluice runs plans of version 2/,
      ],
      "another kind of file": [
        (plan) => {
          plan.format = "x";
        },
        /format: expected "sluice-plan"/,
      ],
      "a weight of another shape": [
        (plan) => {
          first(plan.variables).shape = [1];
        },
        /the plan says float32 \[1\]/,
      ],
      "a weight that is not there": [
        (plan) => {
          first(plan.variables).name = "none";
        },
        /"none" is absent/,
      ],
      "a buffer that is not there": [({ gpu }) => boundIn(gpu).splice(1, 1, 999), /there is no buffer/],
      "more of a buffer than there is": [({ gpu }) => boundIn(gpu).splice(2, 1, 2 ** 20), /of a buffer of/],
      "a weight that is written": [({ gpu }) => boundIn(gpu, "out").splice(0, 2, 0, 0), /of a buffer of|writes to a/],
      "one buffer read and written": [
        ({ gpu }) => {
          const { buffers } = stepWith(gpu, "recurrent_pack");
          buffers.recurrent = [...(buffers.packed ?? [])];
        },
        /binds a buffer twice/,
      ],
      "a buffer that the shader does not have": [
        ({ gpu }) => {
          firstStep(gpu).buffers.none = [4, 0, 4];
        },
        /the kernel names .*, none/,
      ],
      "more workgroups than WebGPU has": [({ gpu }) => firstStep(gpu).workgroups.splice(0, 1, 65536), /at most 65535/],
      "more workgroups than there is work": [({ gpu }) => firstStep(gpu).workgroups.splice(0, 1, 65535), /at most \d+/],
      "a shader that is not there": [
        ({ gpu }) => {
          firstStep(gpu).shader = 999;
        },
        /shader: expected a whole number/,
      ],
      "a shader that Sluice does not have": [
        ({ gpu }) => {
          first(gpu.shaders).name = "fn main() { loop {} }";
        },
        /plans have no shader/,
      ],
      "a shader of another kind": [
        ({ gpu }) => {
          first(gpu.shaders).name = "update+adam";
        },
        /plans have no shader/,
      ],
      "a set that Sluice does not have": [({ gpu }) => gpu.sets.push("constructor"), /has no shaders "constructor"/],
      "an entry point that is not there": [
        ({ gpu }) => {
          firstStep(gpu).entryPoint = "toString";
        },
        /entryPoint: expected/,
      ],
      "a constant that is not there": [
        ({ gpu }) => {
          first(gpu.shaders).constants.WORKGROUP = 4096;
        },
        /WORKGROUP: plans cannot set it/,
      ],
      "a constant out of its range": [
        ({ gpu }) => {
          shaderWith(gpu, "HIDDEN").constants.HIDDEN = 1e9;
        },
        /HIDDEN: expected a whole number/,
      ],
      "text for a type": [
        ({ gpu }) => {
          shaderWith(gpu, "Element").constants.Element = "u32; fn f() { loop {} } alias B = u32";
        },
        /Element: expected "u32" or "vec4u"/,
      ],
      "a constant left out": [({ gpu }) => delete shaderWith(gpu, "HIDDEN").constants.HIDDEN, /its params need NaN/],
      "timesteps without end": [
        ({ gpu }) => {
          Object.assign(stepWith(gpu, "sweep_forward").params, { steps: 4e9, end: 4e9 });
        },
        /its params need \d+ bytes of the buffer/,
      ],
      "an end past the timesteps": [
        ({ gpu }) => {
          stepWith(gpu, "sweep_forward").params.end = 4e9;
        },
        /contradict each other/,
      ],
      "a param that is no whole number": [
        ({ gpu }) => {
          stepWith(gpu, "sweep_forward").params.end = 0.5;
        },
        /expected whole numbers/,
      ],
      "a param left out": [
        ({ gpu }) => delete stepWith(gpu, "sweep_forward").params.end,
        /the kernel names batch, steps, start, table_rows/,
      ],
      "a buffer that no adapter binds": [
        ({ gpu }) => {
          first(gpu.plans).temporaries.push(2 ** 40);
        },
        /take at most 134217728 bytes/,
      ],
      "memory without end": [
        ({ gpu }) => {
          first(gpu.plans).temporaries.push(...Array<number>(9).fill(2 ** 27));
        },
        /take at most 1073741824 bytes together/,
      ],
      "memory that nothing uses": [
        ({ gpu }) => {
          first(gpu.plans).temporaries.push(2 ** 20);
        },
        /uses 0 of the 1048576 bytes/,
      ],
      "steps without end": [
        ({ gpu }) => {
          first(gpu.plans).steps = Array<PlannedStep>(100_000).fill(firstStep(gpu));
        },
        /an array of at most 4096/,
      ],
      "steps without end in two plans": [
        ({ gpu }) => {
          const plan = first(gpu.plans);
          plan.steps.push(...Array<PlannedStep>(2500).fill(firstStep(gpu)));
          gpu.plans = [plan, plan];
        },
        /steps take 50\d\d; a plan's take at most 4096/,
      ],
      "an output beyond its buffer": [
        (plan) => {
          plan.outputs[0] = [1_000_000];
        },
        /bytes of a buffer of/,
      ],
    };
    for (const [what, [edit, message]] of Object.entries(refused)) {
      const broken = await edited(files, edit);
      const refusal = await loadPredictor(broken, { device }).catch((error: unknown) => error);
      expect(refusal, what).toBeInstanceOf(FormatError);
      expect(String(refusal), what).toMatch(message);
    }
    await expect(model.predict(x)).resolves.toBeDefined();
  });

  test("refuses work without end", async () => {
    // Every step is within its buffers; together they take too long.
    using model = sequential([dense({ units: 1024 })], { device, inputShape: [1024] });
    const files = await model.toFiles({ predictor: { batchSizes: [1024] } });
    const endless = await edited(files, ({ gpu }) => {
      const { steps } = first(gpu.plans);
      for (let doublings = 0; doublings < 7; doublings++) steps.push(...steps);
    });
    await expect(loadPredictor(endless, { device })).rejects.toThrow(
      /multiply-adds take \d+; a plan's take at most 68719476736 in a run/,
    );
  });

  test("rejects a prediction at an abort or disposal while the GPU is busy, and the device lives on", async () => {
    using model = smallModel(device);
    const wanted = await model.predict(x);
    const predictor = await loadPredictor(await model.toFiles({ predictor: true }), { device });
    const stop = new AbortController();
    const { mapAsync } = GPUBuffer.prototype;
    let release: () => void = () => undefined;
    const busy = new Promise<void>((resolve) => {
      release = resolve;
    });
    try {
      GPUBuffer.prototype.mapAsync = async function (this: GPUBuffer, ...given) {
        await busy;
        return mapAsync.apply(this, given);
      };
      const aborted = predictor.predict(x, { signal: stop.signal });
      const disposed = predictor.predict(x);
      const outcomes = Promise.allSettled([aborted, disposed]);
      setTimeout(() => stop.abort(), 20);
      await expect(aborted).rejects.toThrow(AbortError);
      predictor.dispose();
      await expect(disposed).rejects.toThrow(DisposedError);
      await outcomes;
    } finally {
      GPUBuffer.prototype.mapAsync = mapAsync;
      release();
    }
    expect(numbersOf(await model.predict(x))).toEqual(numbersOf(wanted));
  });

  test("does not run a plan again that lost the device in its first run", async () => {
    using model = smallModel(device);
    const files = await model.toFiles({ predictor: true });
    const [fragile, gpus] = await fragileDevice();
    using other = fragile;
    using predictor = await loadPredictor(files, { device: other });
    const submits = () => gpus.reduce((sum, { submitted }) => sum + submitted, 0);
    const before = submits();
    gpus.at(-1)?.crashAtSubmit();
    const refusal = await predictor.predict(x).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DeviceLostError);
    expect(String(refusal)).toMatch(/the driver crashed, in the first run of a saved plan, .* load it again to retry/);
    await expect(predictor.predict(x)).rejects.toThrow("in the first run of a saved plan");
    expect(submits() - before).toBe(1);
  });

  test("runs a plan again that has run before", async () => {
    using model = smallModel(device);
    const [fragile, gpus] = await fragileDevice();
    using other = fragile;
    using predictor = await loadPredictor(await model.toFiles({ predictor: true }), { device: other });
    const wanted = await predictor.predict(x);
    gpus.at(-1)?.crashAtSubmit();
    expect(numbersOf(await predictor.predict(x))).toEqual(numbersOf(wanted));
    expect(gpus).toHaveLength(2);
  });
});

/** A device whose GPUDevices can crash, and these as they are opened. */
async function fragileDevice(): Promise<[Device, FragileGpu[]]> {
  const gpus: FragileGpu[] = [];
  const open = async () => {
    const gpu = await FragileGpu.open();
    gpus.push(gpu);
    return gpu;
  };
  return [new Device(await open(), { open }), gpus];
}

/** A GPUDevice that its driver loses when it is told to. */
class FragileGpu {
  readonly gpu: GPUDevice;
  readonly info: GPUAdapterInfo;
  submitted = 0;
  #crashes = false;

  private constructor(gpu: GPUDevice, info: GPUAdapterInfo) {
    this.gpu = gpu;
    this.info = info;
    let lose: (lost: GPUDeviceLostInfo) => void = () => undefined;
    const lost = new Promise<GPUDeviceLostInfo>((resolve) => {
      lose = resolve;
    });
    Object.defineProperty(gpu, "lost", { value: lost });
    const { queue } = gpu;
    const submit = queue.submit.bind(queue);
    queue.submit = (buffers) => {
      this.submitted++;
      if (this.#crashes) {
        gpu.destroy();
        lose({ reason: "unknown", message: "the driver crashed", __brand: "GPUDeviceLostInfo" });
      } else submit(buffers);
      return undefined;
    };
    Object.defineProperty(gpu, "queue", { value: queue });
  }

  static async open(): Promise<FragileGpu> {
    const adapter = await navigator.gpu.requestAdapter();
    if (adapter === null) throw new Error("there is no adapter");
    return new FragileGpu(await adapter.requestDevice(), adapter.info);
  }

  crashAtSubmit(): void {
    this.#crashes = true;
  }
}

interface PlannedStep {
  shader: number;
  entryPoint: string;
  params: Record<string, number>;
  buffers: Record<string, number[]>;
  workgroups: number[];
}
interface PlannedGpu {
  sets: string[];
  shaders: { name: string; constants: Record<string, unknown>; features: string[]; expression: unknown }[];
  plans: { temporaries: number[]; steps: PlannedStep[] }[];
}
interface Plan {
  format: string;
  formatVersion: number;
  outputs: number[][];
  variables: { name: string; shape: number[] }[];
  gpu: PlannedGpu;
}

const ONE = [1, 1, 1];

function first<T>(list: readonly T[]): T {
  const [value] = list;
  if (value === undefined) throw new Error("the list is empty");
  return value;
}
const firstStep = (gpu: PlannedGpu): PlannedStep => first(first(gpu.plans).steps);
const stepWith = (gpu: PlannedGpu, entryPoint: string): PlannedStep =>
  first(first(gpu.plans).steps.filter((step) => step.entryPoint === entryPoint));
const shaderWith = (gpu: PlannedGpu, constant: string) =>
  first(gpu.shaders.filter(({ constants }) => constant in constants));
/** The place and bytes of a buffer in the first step that binds it. */
const boundIn = (gpu: PlannedGpu, name?: string): number[] => {
  const { buffers } = first(first(gpu.plans).steps.filter((step) => name === undefined || name in step.buffers));
  return first(name === undefined ? Object.values(buffers) : [buffers[name] ?? []]);
};
const numbersOf = ({ data }: NdArray): number[] => [...data];

/** The files with another plan, in agreement with their manifest. */
async function edited(files: ModelFiles, edit: (plan: Plan) => void): Promise<ModelFiles> {
  const manifest = JSON.parse(new TextDecoder().decode(files.get("model.json")));
  const { name } = manifest.files.plan;
  const plan = JSON.parse(new TextDecoder().decode(files.get(name)));
  edit(plan);
  const bytes = new TextEncoder().encode(JSON.stringify(plan));
  Object.assign(manifest.files.plan, { bytes: bytes.length, sha256: await sha256Hex(bytes) });
  return new Map([...files, [name, bytes], ["model.json", new TextEncoder().encode(JSON.stringify(manifest))]]);
}
