/** What shows a training run and its results, in every runtime: a page loads most of it when it is asked for. */
import {
  argmax,
  classificationReport,
  confusionMatrix,
  dense,
  progress,
  sequential,
  tensorBoard,
} from "../../src/index.ts";
import type { ConformanceCase } from "./case.ts";

const x = Array.from({ length: 20 }, (_, row) => [row / 20, 1 - row / 20]);
const y = x.map((_, row) => Number(row >= 10));

/** @throws Error where a text is not as it should be. */
function expectText(what: string, came: string, wanted: RegExp): void {
  if (!wanted.test(came)) throw new Error(`${what}: ${JSON.stringify(came)}; expected ${wanted}`);
}

/** A training run with all that shows it. */
export const resultCases: readonly ConformanceCase[] = [
  {
    name: "results: progress, files for TensorBoard, curves and reports of a training run",
    run: async (device) => {
      using model = sequential([dense({ units: 2, activation: "softmax" })], { device, inputShape: [2], seed: 1 });
      model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
      const texts: string[] = [];
      const board = tensorBoard({ logDir: "run", inMemory: true, updateFreq: "batch", histogramFreq: 1 });
      const history = await model.fit(x, y, {
        epochs: 2,
        batchSize: 8,
        validationSplit: 0.2,
        callbacks: [progress({ output: { write: (text) => texts.push(text) } }), board],
      });
      expectText(
        "progress",
        texts.join(""),
        /^Epoch 1\/2: .*\nEpoch 2\/2: loss \d.*, valAccuracy [\d.]+, \d+\.\d s\n$/,
      );
      const folders = [...board.files.keys()].map((path) => path.replace(/\/events\.out\.tfevents\..*\.v2$/, ""));
      expectText("TensorBoard's files", folders.join(), /^run\/train,run\/validation$/);
      const written = [...board.files.values()].map((bytes) => new TextDecoder().decode(bytes)).join("");
      expectText("what they hold", written, /batch_loss.*dense\/kernel\/histogram.*evaluation_accuracy_vs_iterations/s);
      expectText("the curves", await history.toSvg(), /^<svg .*<desc>2 epochs\. loss: training from .*<\/svg>\n$/s);

      const predicted = await model.predict(x);
      const report = classificationReport(y, predicted);
      const { accuracy = Number.NaN } = await model.evaluate(x, y);
      if (!(Math.abs(report.accuracy - accuracy) < 1e-6))
        throw new Error(`accuracy ${report.accuracy}, not ${accuracy}`);
      const matrix = confusionMatrix(y, argmax(predicted, { axis: -1 }), { labels: ["low", "high"] });
      expectText("the matrix", `${matrix}`, /^true \\ predicted {2,}low {2}high\nlow .*\nhigh .*\d$/);
      expectText("its picture", await matrix.toSvg(), />high<\/text>/);
    },
  },
];
