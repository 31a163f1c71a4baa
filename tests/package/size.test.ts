/**
 * What pages pay, within budgets. A budget that is passed shows which module grew beside `sizes.json`, which
 * `SLUICE_SIZES=write npx vitest run tests/package/size.test.ts` writes anew. Needs a built dist/.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import "../../src/node.ts";
import { dense, embedding, lstm, requestDevice, sequential } from "../../src/index.ts";
import { writePlan } from "../../src/nn/saved_plan/write.ts";
import { type BundleSize, bundleSize } from "./bundle_size.ts";

const KB = 1000;

const PAGES: Readonly<Record<string, { readonly budget: number; readonly source: string }>> = {
  "predicts by a saved plan": {
    budget: 22,
    source: `import { loadPredictor } from "sluice/predict";
      const predictor = await loadPredictor("model/");
      console.log(await predictor.predict(predictor.encoder.encode(["good"])));`,
  },
  "computes: everything below the layers": {
    budget: 88,
    source: `export { constantValue, Device, gradients, inputValue, interpret, ops, operationTimes, printGraph, Program,
      program, Random, requestDevice, scalar, tuningOf, valueAndGrad, Variable, vjp } from "sluice";`,
  },
  "trains the tutorial's model": {
    budget: 115,
    source: `import { dense, embedding, lstm, requestDevice, sequential } from "sluice";
      const model = sequential([embedding({ inputDim: 5000, outputDim: 32 }), lstm({ units: 100 }),
        dense({ units: 1, activation: "sigmoid" })], { device: await requestDevice(), inputShape: [500] });
      model.compile({ optimizer: "adam", loss: "binaryCrossentropy", metrics: ["accuracy"] });
      console.log(model.summary(), await model.fit([[1]], [1]));`,
  },
  "has the whole of sluice": { budget: 185, source: `export * from "sluice";` },
};

const file = new URL("sizes.json", import.meta.url);
const before: Readonly<Record<string, BundleSize>> = JSON.parse(readFileSync(file, "utf8"));
const now: Record<string, BundleSize> = {};

test.each(Object.entries(PAGES))("a page that %s", { timeout: 30_000 }, async (name, { source, budget }) => {
  const size = await bundleSize(source);
  now[name] = size;
  if (process.env.SLUICE_SIZES === "write") writeFileSync(file, `${JSON.stringify({ ...before, ...now }, null, 2)}\n`);
  console.log(`${name}: ${kilobytes(size.loaded)} gzipped, ${kilobytes(size.onDemand)} on demand`);
  expect(size.loaded, `${name}: more than its budget\n${growth(size, before[name])}`).toBeLessThanOrEqual(budget * KB);
});

test("the shaders of the tutorial's model take at most 14 kB of a page that predicts", {
  timeout: 30_000,
}, async () => {
  using device = await requestDevice();
  using model = sequential(
    [embedding({ inputDim: 5000, outputDim: 32 }), lstm({ units: 100 }), dense({ units: 1, activation: "sigmoid" })],
    { device, inputShape: [500] },
  );
  const plan = JSON.parse(new TextDecoder().decode(writePlan(model)));
  const sets: readonly string[] = plan.gpu.sets;
  expect(sets).toEqual(["matmul", "recurrent"]);
  const page = PAGES["predicts by a saved plan"];
  const { withFiles } = await bundleSize(page?.source ?? "");
  const size = withFiles(["saved_plan/read_dispatch", ...sets.map((set) => `plan_shaders/${set}`)]);
  console.log(`the tutorial's shaders: ${kilobytes(size)} gzipped`);
  expect(size).toBeGreaterThan(5 * KB);
  expect(size).toBeLessThanOrEqual(14 * KB);
});

const kilobytes = (bytes: number) => `${(bytes / KB).toFixed(1)} kB`;

/** The modules, what grew most first. */
function growth({ loaded, modules }: BundleSize, old: BundleSize | undefined): string {
  const grown = (module: string) => (modules[module] ?? 0) - (old?.modules[module] ?? 0);
  const rows = Object.keys(modules)
    .sort((a, b) => grown(b) - grown(a))
    .map((module) => `  ${module.padEnd(12)}${kilobytes(modules[module] ?? 0)}, ${kilobytes(grown(module))} more`);
  return [`gzipped ${kilobytes(loaded)}, before ${kilobytes(old?.loaded ?? 0)}`, ...rows].join("\n");
}
