// Trains the IMDB tutorial with several seeds, with and without gradient clipping, and records the test accuracy during
// training. docs/accuracy.md shows the results.
//   node scripts/accuracy_runs.mjs --seeds 31,32 [--clip 1] [--out runs/accuracy]
// SLUICE_IMDB is the path of the archive. To resume a stopped run from its last epoch, repeat the command.
import { existsSync } from "node:fs";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import {
  adam,
  dense,
  embedding,
  imdb,
  loadModel,
  lstm,
  requestDevice,
  sequential,
  stratifiedLimit,
} from "../dist/index.js";
import "../dist/node.js";

const EPOCHS = 3;
const BATCH_SIZE = 64;
/** Steps between two evaluations. */
const EVERY = 40;
/** Test reviews per evaluation: the standard error is 0.8 points at 86%. */
const SAMPLE = 2000;

const { values: options } = parseArgs({
  options: { seeds: { type: "string" }, clip: { type: "string" }, out: { type: "string", default: "runs/accuracy" } },
});
const seeds = (options.seeds ?? "").split(",").map(Number);
if (!seeds.every((seed) => Number.isInteger(seed) && seed > 0)) throw new Error("Expected --seeds 31,32,…");
const globalClipnorm = options.clip === undefined ? undefined : Number(options.clip);

await mkdir(options.out, { recursive: true });
const { train, test } = await imdb.load({ source: process.env.SLUICE_IMDB, numWords: 5000, maxLength: 500 });
const sample = stratifiedLimit(test, SAMPLE, 1);
for (const seed of seeds) await trainOnce(seed);

async function trainOnce(seed) {
  const name = `seed${seed}${globalClipnorm === undefined ? "" : `-clip${globalClipnorm}`}`;
  const [file, save] = [`${options.out}/${name}.jsonl`, `${options.out}/${name}`];
  const lines = existsSync(file) ? (await readFile(file, "utf8")).trim().split("\n").map(JSON.parse) : [];
  if (lines.some((line) => line.epoch === EPOCHS)) return;
  const device = await requestDevice();
  const resume = existsSync(save);
  const model = resume ? await loadModel(save, { device }) : build(device, seed);
  // A model cannot evaluate while it trains, so a second model with the same weights does.
  const reader = build(device, seed);
  const write = (line) => appendFile(file, `${JSON.stringify({ ...line, at: new Date().toISOString() })}\n`);
  const readings = {
    async onBatchEnd(_batch, _logs, training) {
      if (training.iteration % EVERY !== 0) return;
      reader.setWeights(await training.weights());
      const { accuracy, loss } = await reader.evaluate(sample, { batchSize: BATCH_SIZE });
      await write({ step: training.iteration, accuracy, loss });
    },
    async onEpochSettled(epoch, logs, training) {
      await training.save(save);
      await write({ epoch: epoch + 1, step: training.iteration, ...logs });
      console.log(name, epoch + 1, logs);
    },
  };
  await model.fit(train, {
    epochs: EPOCHS,
    batchSize: BATCH_SIZE,
    validationData: test,
    callbacks: [readings],
    resume,
  });
  for (const each of [model, reader]) each.dispose();
  device.dispose();
}

function build(device, seed) {
  const layers = [
    embedding({ inputDim: 5000, outputDim: 32 }),
    lstm({ units: 100 }),
    dense({ units: 1, activation: "sigmoid" }),
  ];
  const model = sequential(layers, { device, inputShape: [500], seed });
  const optimizer = adam({ learningRate: 0.001, ...(globalClipnorm === undefined ? {} : { globalClipnorm }) });
  model.compile({ optimizer, loss: "binaryCrossentropy", metrics: ["accuracy"] });
  return model;
}
