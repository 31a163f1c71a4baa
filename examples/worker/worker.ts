/**
 * The worker: trains, tells the page of each step, and keeps the training every few steps; after a reload it goes on
 * from there.
 */
import {
  type Callback,
  dense,
  embedding,
  loadModel,
  lstm,
  type ModelFiles,
  openBrowserSaves,
  requestDevice,
  sequential,
} from "sluice";
import { sentences } from "sluice/sentences";

/** What the page is told. */
export type FromWorker =
  | { readonly kind: "begun"; readonly step: number }
  | { readonly kind: "step"; readonly step: number; readonly steps: number }
  | { readonly kind: "done"; readonly files: ModelFiles };

const tell = (message: FromWorker) => self.postMessage(message);
const KEPT = "sentiment";
const STEPS_BETWEEN_SAVES = 10;

const device = await requestDevice();
const { train, encoder } = await sentences.load({ numWords: 1000, maxLength: 20 });
const saves = await openBrowserSaves();
const isKept = (await saves.list()).some(({ name }) => name === KEPT);
const model = isKept ? await loadModel(await saves.load(KEPT), { device }) : newModel();

const reporter: Callback = {
  onTrainBegin: ({ iteration }) => tell({ kind: "begun", step: iteration }),
  async onBatchEnd(_batch, _logs, training) {
    const { iteration: step, params } = training;
    if (step % STEPS_BETWEEN_SAVES === 0) await saves.save(KEPT, await training.toFiles());
    tell({ kind: "step", step, steps: params.epochs * params.steps });
  },
};
// A training that is resumed goes on with its own epochs and batches.
await model.fit(train, { ...(isKept ? { resume: true } : { epochs: 2, batchSize: 64 }), callbacks: [reporter] });
const files = await model.toFiles({ training: false });
await saves.remove(KEPT);
tell({ kind: "done", files });

function newModel() {
  const layers = [
    embedding({ inputDim: encoder.inputDim, outputDim: 16 }),
    lstm({ units: 16 }),
    dense({ units: 1, activation: "sigmoid" }),
  ];
  const created = sequential(layers, { device, inputShape: [20], seed: 7 });
  created.compile({ optimizer: "adam", loss: "binaryCrossentropy" });
  created.encoder = encoder;
  return created;
}
