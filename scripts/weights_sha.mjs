// Checks that a change to the engine's internals changes no result: prints a line for each training run of
// scripts/weights/ with the SHA-256 of its weights and its dispatches per step.
//
//   node scripts/weights_sha.mjs                     all runs, in Node, on the default adapter
//   node scripts/weights_sha.mjs --save FILE         writes the lines as JSON
//   node scripts/weights_sha.mjs --compare FILE      compares with saved lines; lists changes and exits with 1
//   node scripts/weights_sha.mjs --only lstm         the runs whose name contains "lstm", and compares only those
//
// A line contains the SHA-256 of the concatenated weights, of the trained model's predictions, and of the logs of all
// epochs as JSON; the dispatches of one step; and the run's name. For word vectors, searches and k-means it contains
// the SHA-256 of the result and of all bytes read from the GPU (such as a search's scores), and the total number of
// dispatches. The first run is `npm run train -- --seed 3`: its hash is `weightsSha256` of `--json FILE`.
//
// Hashes depend on the adapter and the driver, so compare on the machine that saved them. The script loads the source
// through Vite, so it needs no build. It takes 40 seconds on two cores with lavapipe, and a minute or two if the
// driver's shader cache is empty.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createServer } from "vite";
import { setup } from "./setup.mjs";
import { embedRuns } from "./weights/embed_runs.mjs";
import { layerRuns } from "./weights/layer_runs.mjs";
import { trainingRuns } from "./weights/training_runs.mjs";

const { values: options } = parseArgs({
  options: { save: { type: "string" }, compare: { type: "string" }, only: { type: "string", default: "" } },
});
await setup();
const root = fileURLToPath(new URL("..", import.meta.url));
const vite = await createServer({
  ...{ root, mode: "test", configFile: join(root, "vite.config.ts"), appType: "custom", logLevel: "error" },
  server: { middlewareMode: true, watch: null, ws: false },
  // Node 20 does not support `using`.
  oxc: { target: "es2023" },
});
const load = (path) => vite.ssrLoadModule(join(root, path));
await load("src/node.ts");
const sluice = await load("src/index.ts");
const embed = await load("src/embed/index.ts");
const { runTraining } = await load("src/cli/sentiment_job.ts");
const { completeOptions } = await load("src/cli/train_options.ts");

const dispatchesOf = countDispatches();
const readings = hashReadings();
const device = await sluice.requestDevice();
const lines = [];
const failed = [];
const runs = [
  { name: "npm run train -- --seed 3", run: tutorial },
  ...layerRuns(sluice),
  ...trainingRuns(sluice),
  ...embedRuns(embed),
];
for (const { name, run } of runs) {
  if (!name.includes(options.only)) continue;
  try {
    const before = dispatchesOf();
    const line = await run({ device, report, sha256, readings });
    lines.push({ name, ...line, dispatches: line.dispatches ?? dispatchesOf() - before });
    console.log(shownLine(lines.at(-1)));
  } catch (error) {
    failed.push(name);
    console.error(`${name}: ${error.stack}`);
  }
}
const { adapter } = device;
device.dispose();
await vite.close();
if (options.save !== undefined) writeFileSync(options.save, `${JSON.stringify({ adapter, lines }, null, 2)}\n`);
const problems = [
  ...failed.map((name) => `${name}: it failed`),
  ...(options.compare === undefined ? [] : changesSince(JSON.parse(readFileSync(options.compare, "utf8")))),
];
for (const problem of problems) console.error(problem);
console.log(`${lines.length} runs, ${options.compare === undefined ? "not compared" : `${problems.length} changes`}`);
process.exit(problems.length > 0 ? 1 : 0);

/** The run of `npm run train -- --seed 3`. */
async function tutorial() {
  const control = { onEvent: () => undefined, signal: new AbortController().signal };
  const {
    epochs,
    test,
    confusion,
    predictions: verdicts,
    dispatchesPerStep,
    weightsSha256,
  } = await runTraining({ options: completeOptions({ seed: 3 }) }, control);
  return {
    weights: weightsSha256,
    predictions: sha256([Buffer.from(JSON.stringify({ test, confusion, verdicts }))]),
    losses: lossesHash(epochs),
    dispatches: dispatchesPerStep,
  };
}

/** The line of a trained model, with its predictions. */
async function report(model, { epochs, statistics }, predictions) {
  const { dispatchesPerStep, extraChunksPerStep } = statistics;
  const weights = await model.weights();
  return {
    weights: sha256(weights.map(({ data }) => data)),
    predictions: sha256([predictions].flat().map(({ data }) => data)),
    losses: lossesHash(epochs),
    dispatches: dispatchesPerStep + extraChunksPerStep,
  };
}

function lossesHash(epochs) {
  return sha256([Buffer.from(JSON.stringify(epochs.map(({ logs }) => logs)))]);
}

/** The SHA-256 of typed arrays, concatenated. */
function sha256(arrays) {
  const hash = createHash("sha256");
  for (const array of arrays) hash.update(Buffer.from(array.buffer, array.byteOffset, array.byteLength));
  return hash.digest("hex");
}

/** Counts the dispatches of all devices from now on; returns a function that returns the count. */
function countDispatches() {
  let count = 0;
  const { prototype } = globalThis.GPUComputePassEncoder;
  const original = prototype.dispatchWorkgroups;
  prototype.dispatchWorkgroups = function dispatchWorkgroups(...sizes) {
    count++;
    return original.apply(this, sizes);
  };
  return () => count;
}

/** Hashes the bytes that are read from the GPU: `begin` starts a new hash, `end` returns it. */
function hashReadings() {
  const { prototype } = globalThis.GPUBuffer;
  const original = prototype.getMappedRange;
  let hash = createHash("sha256");
  prototype.getMappedRange = function getMappedRange(...args) {
    const range = original.apply(this, args);
    if ((this.usage & globalThis.GPUBufferUsage.MAP_READ) !== 0) hash.update(new Uint8Array(range));
    return range;
  };
  return {
    begin() {
      hash = createHash("sha256");
    },
    end: () => hash.digest("hex"),
  };
}

function shownLine({ name, weights, dispatches, ...hashes }) {
  const rest = Object.entries(hashes).map(([key, hash]) => `${key} ${hash.slice(0, 8)}`);
  return `${weights}  ${rest.join("  ")}  dispatches ${dispatches}  ${name}`;
}

/** The differences from saved lines, one string for each. */
function changesSince(saved) {
  const changes = saved.adapter === adapter ? [] : [`adapter: saved on "${saved.adapter}", now on "${adapter}"`];
  const now = new Map(lines.map((line) => [line.name, line]));
  for (const before of saved.lines.filter(({ name }) => name.includes(options.only))) {
    const line = now.get(before.name);
    now.delete(before.name);
    if (line === undefined) {
      if (!failed.includes(before.name)) changes.push(`${before.name}: it is gone`);
      continue;
    }
    for (const key of ["weights", "predictions", "losses", "readings", "dispatches"]) {
      if (line[key] === before[key]) continue;
      changes.push(`${before.name}: ${key} changed from ${before[key]} to ${line[key]}`);
    }
  }
  return [...changes, ...[...now.keys()].map((name) => `${name}: it was not saved`)];
}
