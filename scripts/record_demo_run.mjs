// Records what the page shows without WebGPU: a training run with the page's defaults, and the shipped model's
// predictions for the page's examples. Run it again when either changes: `node scripts/record_demo_run.mjs`
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
// Vite loads the page's functions, as it does for the page itself.
const vite = await createServer({
  ...{ root, mode: "test", configFile: join(root, "vite.config.ts"), appType: "custom", logLevel: "error" },
  server: { middlewareMode: true, watch: null },
});
const load = (path) => vite.ssrLoadModule(join(root, path));
(await load("src/node.ts")).reduceGpuPolling();
const { loadModel, requestDevice, textClassifier } = await load("src/index.ts");
const { Reporter } = await load("demo/worker/progress_reporter.ts");
const { loadData } = await load("demo/worker/load_data.ts");
const { judge } = await load("demo/worker/judge_text.ts");
const { networkOf, PRESETS } = await load("demo/settings.ts");
const { EXAMPLES } = await load("demo/views/ask/examples.ts");

const rounded = (value) => Number(value.toFixed(4));
const write = (path, value) => writeFile(join(root, path), `${JSON.stringify(value)}\n`);
const device = await requestDevice();

const settings = PRESETS.sentences;
const { epochs, batchSize } = settings;
const data = await loadData(settings, {
  file: undefined,
  signal: new AbortController().signal,
  onLoading: () => undefined,
});
const model = textClassifier({ device, encoder: data.encoder, ...networkOf(settings) });
let last;
const tell = (event) => {
  if (event.kind === "step") last = event;
};
const reporter = new Reporter({ batchSize, size: data.train.size, device, curves: undefined, tell });
const began = performance.now();
await model.fit(data.train, { epochs, batchSize, validationData: data.test, onProgress: reporter.onProgress });
const points = (list) =>
  list.map(({ step, loss, accuracy }) => ({ step, loss: rounded(loss), accuracy: rounded(accuracy) }));
await write("demo/views/train/recorded_run.json", {
  adapter: device.adapter,
  runtime: `Node ${process.versions.node}`,
  date: new Date().toISOString().slice(0, 10),
  seconds: Math.round((performance.now() - began) / 1000),
  figures: { ...last, perSecond: Math.round(last.perSecond), secondsLeft: 0, point: undefined },
  curves: { training: points(reporter.curves.training), heldOut: points(reporter.curves.heldOut) },
  summary: model.summary(),
  data: { train: data.train.size, test: data.test.size, attribution: data.attribution },
});

const shipped = await loadModel(join(root, "demo/public/model"), { device });
const subject = { model: shipped, encoder: shipped.encoder };
const verdicts = [];
for (const text of EXAMPLES) {
  const { probability, words } = await judge(subject, text);
  verdicts.push({
    ...{ which: "shipped", text, probability: rounded(probability) },
    words: words.map((word) => ({ ...word, ...(word.push !== undefined && { push: rounded(word.push) }) })),
  });
}
await write("demo/views/ask/recorded_verdicts.json", verdicts);
await vite.close();
process.exit();
