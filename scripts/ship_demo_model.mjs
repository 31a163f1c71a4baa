// Creates the files of the model that comes with the page from a training run: weights in 16 bits, a short word list, a
// card with its description and accuracy, and its prediction for the page's first sentence, which the page shows before
// the weights have loaded.
//   sluice train --data imdb --archive aclImdb_v1.tar.gz --seed 2 --json run.json --out run
//   SLUICE_IMDB=aclImdb_v1.tar.gz node scripts/ship_demo_model.mjs run run.json
// The archive is needed to evaluate the shipped files, which contain only the word list from it.
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = join(root, "demo/public/model");
const facts = join(root, "demo/shipped");
const MOST_BYTES = 500_000;

const [directory, record] = process.argv.slice(2);
const archive = process.env.SLUICE_IMDB;
if (directory === undefined || record === undefined || archive === undefined) {
  console.error("usage: SLUICE_IMDB=aclImdb_v1.tar.gz node scripts/ship_demo_model.mjs RUN_DIRECTORY RUN.json");
  process.exit(2);
}

// Vite loads the page's functions, as it does for the page itself.
const vite = await createServer({
  ...{ root, mode: "test", configFile: join(root, "vite.config.ts"), appType: "custom", logLevel: "error" },
  server: { middlewareMode: true, watch: null },
});
const load = (path) => vite.ssrLoadModule(join(root, path));
(await load("src/node.ts")).reduceGpuPolling();
const { imdb, loadModel, requestDevice } = await load("src/index.ts");
const { readCell } = await load("demo/worker/read_cell.ts");
const { writeReading } = await load("demo/cell/reading_file.ts");
const { judge } = await load("demo/worker/judge_text.ts");
const { FIRST_TEXT } = await load("demo/first_sentence.ts");

const run = JSON.parse(await readFile(record, "utf8"));
const device = await requestDevice();
const trained = await loadModel(directory, { device });
trained.encoder = trained.encoder.compact();
const shipped = await trained.toFiles({ weights: "float16", training: false });
const model = await loadModel(shipped, { device });
const { encoder } = model;
const bytes = [...shipped.values()].reduce((sum, { length }) => sum + length, 0);
if (bytes > MOST_BYTES) throw new Error(`the model takes ${bytes} bytes; expected at most ${MOST_BYTES}`);

console.log(`${bytes} bytes; reading the 25,000 test reviews with them …`);
const { numWords, maxLength } = encoder;
const { test, texts } = await imdb.load({ source: archive, numWords, maxLength, keepTexts: true });
const { accuracy, loss } = await model.evaluate(encoder.encode(texts.test), test.y, { batchSize: 64 });

const { options, adapter, runtime, versions, epochs } = run;
const rounded = (value, digits = 4) => Number(value.toFixed(digits));
const card = {
  name: "Embedding, LSTM, Dense",
  summary: model.summary(),
  command: `sluice train --data imdb --archive aclImdb_v1.tar.gz --seed ${options.seed}`,
  date: (await stat(record)).mtime.toISOString().slice(0, 10),
  adapter,
  runtime: `${runtime.name} ${runtime.version ?? ""}`.trim(),
  versions,
  epochs: epochs.map(({ epoch, loss: train, accuracy: right, valLoss, valAccuracy }) => ({
    ...{ epoch, loss: rounded(train), accuracy: rounded(right), valLoss: rounded(valLoss), valAccuracy },
  })),
  trained: { testAccuracy: run.test.accuracy },
  shipped: { testAccuracy: accuracy, testLoss: rounded(loss), reviews: test.size, bytes, weights: "float16" },
  data: {
    name: "Large Movie Review Dataset",
    source: "https://ai.stanford.edu/~amaas/data/sentiment/",
    paper:
      "Maas, Daly, Pham, Huang, Ng, Potts: Learning Word Vectors for Sentiment Analysis, ACL 2011, " +
      "https://aclanthology.org/P11-1015",
    remarks:
      "Trained on the 25,000 training reviews, measured on the 25,000 test reviews. The reviews were written by " +
      "IMDb's users and are not part of this page: it holds weights, the 4,996 commonest words and how often each " +
      "occurs. The authors of the data set ask to be cited by whoever uses it.",
  },
};

await rm(files, { recursive: true, force: true });
await mkdir(files, { recursive: true });
await mkdir(facts, { recursive: true });
for (const [name, content] of shipped) await writeFile(join(files, name), content);
const subject = { model, encoder };
await writeFile(join(files, "first_reading.safetensors"), writeReading(await readCell(subject, FIRST_TEXT)));
const json = (value, digits = 6) =>
  `${JSON.stringify(value, (_, each) => (typeof each === "number" ? rounded(each, digits) : each), 2)}\n`;
// The page shows this first, with two digits.
await writeFile(join(facts, "first_verdict.json"), json(await judge(subject, FIRST_TEXT), 4));
await writeFile(join(facts, "card.json"), json(card));
// In a separate file, because the worker needs only these.
const { archive: _, ...ownOptions } = options;
await writeFile(join(facts, "options.json"), json(ownOptions));
console.log(`test accuracy ${accuracy} as shipped, ${run.test.accuracy} as trained; wrote ${files} and ${facts}`);
await vite.close();
process.exit(0);
