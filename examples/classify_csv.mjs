/** Sorts headlines into three classes, learned from a CSV file: `node examples/classify_csv.mjs`. */
import "sluice/node";
import { classificationReport, encodeLabels, labelsOf, requestDevice, Tokenizer, textClassifier } from "sluice";
import { readTextTable } from "sluice/tables";

const rows = await readTextTable(new URL("headlines.csv", import.meta.url));
const [train, test] = [rows.slice(0, 72), rows.slice(72)]; // the file's rows are in random order
const texts = train.map(({ text }) => text);
const labels = labelsOf(train.map(({ label }) => label));
console.log(labels.join(", "));

const encoder = new Tokenizer({ numWords: 2000, oovToken: "?", maxLength: 12 });
encoder.fitOnTexts(texts);
const targets = (part) =>
  encodeLabels(
    part.map(({ label }) => label),
    labels,
  );

const device = await requestDevice();
const model = textClassifier({ device, encoder, labels, learningRate: 0.01, seed: 1 });
await model.fit(encoder.encode(texts), targets(train), { epochs: 15, batchSize: 8 });

const answers = await model.classify(test.map(({ text }) => text));
const truth = test.map(({ label }) => label);
console.log(
  `${classificationReport(
    truth,
    answers.map(({ label }) => label),
    { labels },
  )}`,
);
const [{ label, probability }] = await model.classify(["Snow and a strong wind in the mountains"]);
console.log(`${label} ${probability.toFixed(2)}`);
process.exit();
