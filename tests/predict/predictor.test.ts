/** Plans that are saved with a model: every layer of Keras's cases, files, and what is refused. */
import "../../src/node.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { serveFiles } from "../../src/cli/static_server.ts";
import {
  DisposedError,
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
    await expect(loadPredictor(await edited(files, (plan) => set(plan, "no shader"))).then(() => 0)).rejects.toThrow(
      /did not compile/,
    );
    expect(device.memory.bytes).toBe(bytes);
  });

  test("refuses what does not fit, as a model does", async () => {
    using model = smallModel(device);
    using predictor = await loadPredictor(await model.toFiles({ predictor: true }), { device });
    await expect(predictor.predict([[1, 2]])).rejects.toThrow(ShapeError);
    await expect(predictor.predict([[1, 2, 3, 4, 5, 20]])).rejects.toThrow(/outside the embedding's table of 20 rows/);
    await expect(predictor.predict([[1, 2, 3, 4, 5, 0.5]])).rejects.toThrow(ValueError);
    const stopped = AbortSignal.abort();
    await expect(predictor.predict(x, { signal: stopped })).rejects.toThrow("aborted");
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
    const refused: readonly [string, (plan: Plan) => void, RegExp][] = [
      [
        "a newer version",
        (plan) => {
          plan.formatVersion = 2;
        },
        /format version 2; this Sluice runs plans of version 1/,
      ],
      [
        "another kind of file",
        (plan) => {
          plan.format = "x";
        },
        /format: expected "sluice-plan"/,
      ],
      [
        "a weight of another shape",
        (plan) => {
          first(plan.variables).shape = [1];
        },
        /the plan says float32 \[1\]/,
      ],
      [
        "a weight that is not there",
        (plan) => {
          first(plan.variables).name = "none";
        },
        /"none" is absent/,
      ],
      [
        "a buffer that is not there",
        (plan) => {
          firstStep(plan).buffers[1] = 999;
        },
        /there is no buffer/,
      ],
      [
        "more of a buffer than there is",
        (plan) => {
          firstStep(plan).buffers[2] = 2 ** 20;
        },
        /of a buffer of/,
      ],
      [
        "a weight that is written",
        (plan) => {
          firstStep(plan).buffers.splice(0, 4, 0, 0, 4, 1);
        },
        /writes to a variable/,
      ],
      [
        "one buffer read and written",
        (plan) => {
          const { buffers } = firstStep(plan);
          buffers.splice(0, 4, ...buffers.slice(-4));
        },
        /binds a buffer twice/,
      ],
      [
        "more workgroups than WebGPU has",
        (plan) => {
          firstStep(plan).workgroups[0] = 65536;
        },
        /at most 65535/,
      ],
      [
        "a shader that is not there",
        (plan) => {
          firstStep(plan).shader = 999;
        },
        /shader: expected a whole number/,
      ],
      [
        "memory without end",
        (plan) => {
          first(plan.plans).temporaries.push(2 ** 40);
        },
        /take at most/,
      ],
      [
        "an output beyond its buffer",
        (plan) => {
          plan.outputs[0] = [1_000_000];
        },
        /bytes of a buffer of/,
      ],
    ];
    for (const [what, edit, message] of refused) {
      const broken = await edited(files, edit);
      await expect(loadPredictor(broken, { device }), what).rejects.toThrow(FormatError);
      await expect(loadPredictor(broken, { device }), what).rejects.toThrow(message);
    }
    // What only WebGPU can see is its word, and the device lives on.
    const small = await edited(files, (plan) => {
      for (const step of first(plan.plans).steps) step.params = [];
    });
    await expect(loadPredictor(small, { device })).rejects.toThrow(/binding|buffer|size/i);
    await expect(model.predict(x)).resolves.toBeDefined();
  });
});

interface PlannedStep {
  shader: number;
  params: number[];
  buffers: number[];
  workgroups: number[];
}
interface Plan {
  format: string;
  formatVersion: number;
  outputs: number[][];
  shaders: string[];
  variables: { name: string; shape: number[] }[];
  plans: { temporaries: number[]; steps: PlannedStep[] }[];
}

function first<T>(list: readonly T[]): T {
  return list[0] as T;
}
const firstStep = (plan: Plan): PlannedStep => first(first(plan.plans).steps);
function set(plan: Plan, shader: string): void {
  plan.shaders[0] = shader;
}

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
