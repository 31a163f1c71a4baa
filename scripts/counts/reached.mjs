// Finds the files that a training run executes, by V8's coverage.
//
// A TypeScript file counts if one of its functions runs; code that runs while the file loads does not count. A shader
// file counts if a compiled shader contains at least a quarter of the lines that only this file has: constants are
// replaced, loops unrolled, and lines for other adapters omitted.
import inspector from "node:inspector/promises";
import { join } from "node:path";
import { createServer } from "vite";
import { filesOf, root } from "./sources.mjs";

/** The folders of the code between a layer and the GPU. */
const FOLDERS = ["src/ops/", "src/kernels/", "src/nn/layers/", "shaders/"];

const EXPORT = /^\(\) => \{ try \{ return /;

/**
 * The files of ops, kernels, shaders and layers that run
 * - `layer`: in one forward and backward pass of an LSTM, from `compute` to the gradients on the GPU. This includes its
 *   graph, derivative, plan and shaders, but not the creation of the layer and its weights, embedding, loss or
 *   optimizer.
 * - `training`: in `fit` of Embedding -> LSTM -> Dense on left-padded ids, including the creation of the layers.
 */
export async function reachedFiles() {
  const vite = await createServer({
    ...{ root, mode: "test", configFile: join(root, "vite.config.ts"), appType: "custom", logLevel: "error" },
    server: { middlewareMode: true, watch: null, ws: false },
    // Node 20 does not support `using`.
    oxc: { target: "es2023" },
  });
  const session = new inspector.Session();
  session.connect();
  try {
    for (const method of ["Profiler.enable", "Debugger.enable"]) await session.post(method);
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    const load = (path) => vite.ssrLoadModule(join(root, path));
    await load("src/node.ts");
    const sluice = await load("src/index.ts");
    const device = await sluice.requestDevice();
    const lines = linesOfShaders((await load("src/kernels/wgsl/parse.ts")).parseShader);
    const layer = await reachedBy(session, lines, await layerPass(sluice, device));
    // The device caches pipelines, so the second measurement uses a new device.
    device.dispose();
    const other = await sluice.requestDevice();
    const training = await reachedBy(session, lines, () => smallTraining(sluice, other));
    other.dispose();
    return { layer, training };
  } finally {
    session.disconnect();
    await vite.close();
  }
}

async function layerPass(sluice, device) {
  const { gradients, inputValue, lstm, ops, Program, Variable } = sluice;
  const layer = lstm({ units: 6 });
  const weights = [];
  layer.build([[11, 5]], ({ name, shape }) => {
    const size = shape.reduce((product, axis) => product * axis, 1);
    const variable = new Variable({ name, shape, initial: () => ({ shape, data: new Float32Array(size).fill(0.1) }) });
    weights.push(variable);
    return variable;
  });
  const shape = [17, 11, 5];
  return async () => {
    const x = inputValue("x", shape);
    const { output } = layer.compute(x, { training: true, inputs: [x], masks: [undefined] });
    const loss = ops.sum(output);
    const slopes = gradients(
      loss,
      weights.map(({ value }) => value),
    );
    const options = { label: "lstm", inputs: [x] };
    const program = await Program.compile(device, { outputs: [loss, ...slopes], updates: [] }, options);
    await program.run(new Map([[x, { shape, data: new Float32Array(17 * 11 * 5).fill(0.2) }]]));
    program.dispose();
  };
}

async function smallTraining({ adam, dense, embedding, lstm, sequential }, device) {
  const layers = [
    embedding({ inputDim: 29, outputDim: 5 }),
    lstm({ units: 6 }),
    dense({ units: 1, activation: "sigmoid" }),
  ];
  const model = sequential(layers, { device, inputShape: [11], seed: 1 });
  model.compile({ optimizer: adam(), loss: "binaryCrossentropy", metrics: ["accuracy"] });
  const rows = 34;
  const x = Int32Array.from({ length: rows * 11 }, (_, at) => (at % 11 < 3 ? 0 : (at * 7) % 29));
  const y = Float32Array.from({ length: rows }, (_, row) => row % 2);
  await model.fit({ shape: [rows, 11], data: x }, { shape: [rows, 1], data: y }, { batchSize: 17 });
  model.dispose();
}

/** The paths of the files that run in `work`. */
async function reachedBy(session, lines, work) {
  const shaders = shadersCompiledIn();
  await session.post("Profiler.takePreciseCoverage");
  await work();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const code = shaders.end();
  const files = [];
  for (const { url, scriptId, functions } of result) {
    const path = url.replace(root, "");
    if (!FOLDERS.some((folder) => path.startsWith(folder))) continue;
    const { scriptSource } = await session.post("Debugger.getScriptSource", { scriptId });
    const hasRun = functions.some(({ ranges: [{ startOffset, endOffset, count }] }) => {
      // The script and the module's wrapper function start at 0 and 1. Small getter functions for exports are ignored.
      return count > 0 && startOffset > 1 && !EXPORT.test(scriptSource.slice(startOffset, endOffset));
    });
    if (hasRun) files.push(path);
  }
  for (const [path, own] of lines) {
    const found = own.filter((line) => code.includes(line)).length;
    if (found > 0 && found >= own.length / 4) files.push(path);
  }
  return files.sort();
}

/** Records the code of compiled shaders until `end` returns it. */
function shadersCompiledIn() {
  const { prototype } = globalThis.GPUDevice;
  const original = prototype.createShaderModule;
  let code = "";
  prototype.createShaderModule = function createShaderModule(descriptor) {
    code += `${descriptor.code}\n`;
    return original.call(this, descriptor);
  };
  return {
    end() {
      prototype.createShaderModule = original;
      return code;
    },
  };
}

/** The parts of a template that no edit changes. */
function textsIn(value) {
  if (typeof value === "string") return [value];
  return typeof value === "object" ? Object.values(value).flatMap(textsIn) : [];
}

/** For each shader file, the lines that no other file contains. */
function linesOfShaders(parseShader) {
  const shaders = filesOf("shaders").map(({ path, text }) => [
    path,
    [...new Set(textsIn(parseShader(text)).flatMap((code) => code.split("\n")))].filter((line) => line.length > 20),
  ]);
  const holders = new Map();
  for (const [, lines] of shaders) for (const line of lines) holders.set(line, (holders.get(line) ?? 0) + 1);
  return shaders.map(([path, lines]) => [path, lines.filter((line) => holders.get(line) === 1)]);
}
