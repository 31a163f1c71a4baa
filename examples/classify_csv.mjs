/** Sorts headlines into three classes, learned from a CSV file: `node examples/classify_csv.mjs`. */
import "sluice/node";
import { classificationReport, encodeLabels, labelsOf, requestDevice, Tokenizer, textClassifier } from "sluice";
import { readTextTable } from "sluice/tables";

const rows = await readTextTable(new URL("headlines.csv", import.meta.url));
const [train, test] = [rows.slice(0, 72), rows.slice(72)]; // the classes take turns in the file
const textsOf = (part) => part.map(({ text }) => text);
const topicsOf = (part) => part.map(({ label }) => label);
const labels = labelsOf(topicsOf(train));
console.log(labels.join(", "));

const encoder = new Tokenizer({ numWords: 2000, oovToken: "?", maxLength: 12 });
encoder.fitOnTexts(textsOf(train));

const device = await requestDevice();
const model = textClassifier({ device, encoder, labels, learningRate: 0.01, seed: 1 });
const [x, y] = [encoder.encode(textsOf(train)), encodeLabels(topicsOf(train), labels)];
await model.fit(x, y, { epochs: 15, batchSize: 8 });

const answers = await model.classify(textsOf(test));
console.log(`${classificationReport(topicsOf(test), topicsOf(answers), { labels })}`);
const [{ label, probability }] = await model.classify(["Snow and a strong wind in the mountains"]);
console.log(`${label} ${probability.toFixed(2)}`);
process.exit();
