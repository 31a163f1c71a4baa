/** The installed package in other people's apps: each trains, saves, loads again and predicts. Needs a built dist/. */
import { execFile } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build as esbuild } from "esbuild";
import { build as viteBuild } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, launchBrowser } from "../../src/cli/launch_browser.ts";
import { runDeno } from "../../src/cli/run_deno.ts";
import { serveFiles } from "../../src/cli/static_server.ts";
import { installPackage } from "./installed.ts";

const run = promisify(execFile);
const chromium = await findBrowser("chromium");

/** What every app does: tells whether "good" (1) or "bad" (2) stands last. It reports what came of it. */
const APP = `import { adam, dense, embedding, loadModel, lstm, requestDevice, sequential } from "sluice";
import { VectorIndex } from "sluice/embed";
import { loadPredictor } from "sluice/predict";
export async function learn() {
  const device = await requestDevice();
  const model = sequential(
    [embedding({ inputDim: 3, outputDim: 4 }), lstm({ units: 4 }), dense({ units: 1, activation: "sigmoid" })],
    { device, inputShape: [2], seed: 1 },
  );
  model.compile({ optimizer: adam({ learningRate: 0.05 }), loss: "binaryCrossentropy" });
  const x = [[1, 2], [2, 1], [1, 1], [2, 2]];
  const { history } = await model.fit(x, [[0], [1], [1], [0]], { epochs: 40, batchSize: 4 });
  const files = await model.toFiles({ predictor: true });
  const again = await loadModel(files, { device });
  const predictor = await loadPredictor(files, { device });
  const [first, second, third] = [await model.predict(x), await again.predict(x), await predictor.predict(x)];
  const index = new VectorIndex(device, { dimension: 2 });
  await index.add(["right", "up"], [1, 0, 0, 1]);
  const [[hit]] = await index.search([0.1, 1], { k: 1 });
  const [before, after, planned] = [first, second, third].map(({ data }) => [...data]);
  const result = { losses: history.loss, before, after, planned, nearest: hit.id };
  for (const each of [model, again, predictor, index]) each.dispose();
  device.dispose();
  return result;
}
`;
/** The example of a page with a worker, an app for Vite as it stands. */
const EXAMPLE = fileURLToPath(new URL("../../examples/worker", import.meta.url));
/** A worker that runs the app, and a page that waits for it. */
const WORKER = `import { learn } from "./app.js";
learn().then((result) => postMessage(result), (error) => postMessage({ error: String(error) }));
`;
const PAGE = `const worker = new Worker("/esbuild/worker.js", { type: "module" });
worker.onmessage = ({ data }) => { globalThis.result = data; };
worker.onerror = ({ message }) => { globalThis.result = { error: message }; };
`;
const HTML = (head: string) => `<!doctype html><meta charset="utf-8"><title>app</title>${head}`;

interface Result {
  readonly losses: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly planned: readonly number[];
  readonly nearest: string;
}

function expectLearned(result: Result): void {
  const { losses, before, after, planned, nearest } = result;
  expect(losses, JSON.stringify(result)).toHaveLength(40);
  expect(losses.at(-1)).toBeLessThan(0.5 * (losses[0] as number));
  expect(before.map(Math.round)).toEqual([0, 1, 1, 0]);
  expect(after).toEqual(before);
  expect(nearest).toBe("up");
  expect(Math.max(...planned.map((value, index) => Math.abs(value - (before[index] as number))))).toBeLessThan(1e-5);
}

describe("the installed package", () => {
  let home: string;

  beforeAll(async () => {
    ({ home } = await installPackage());
    writeFileSync(join(home, "app.js"), APP);
    writeFileSync(join(home, "worker.js"), WORKER);
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test("trains in Node", async () => {
    const program = `import "sluice/node"; import { learn } from "./app.js";
      console.log(JSON.stringify(await learn())); process.exit(0);`;
    writeFileSync(join(home, "node.mjs"), program);
    const { stdout } = await run(process.execPath, ["node.mjs"], { cwd: home });
    expectLearned(JSON.parse(stdout.trim().split("\n").at(-1) as string));
  });

  test("trains in Deno, installed into node_modules", async () => {
    const script = join(home, "deno.mjs");
    const program = `import { learn } from "./app.js"; console.log(JSON.stringify(await learn())); Deno.exit(0);`;
    writeFileSync(script, program);
    const lines: string[] = [];
    expect(await runDeno(script, { cwd: home, onLine: (line) => lines.push(line) }), lines.join("\n")).toBe(0);
    expectLearned(JSON.parse(lines.at(-1) as string));
  });

  // CI installs Chromium: without it these fail there.
  test.skipIf(!process.env.CI && chromium === undefined)(
    "trains in Chromium: a plain page with an import map, and a page and worker by esbuild",
    async () => {
      const map = JSON.stringify({
        imports: {
          sluice: "/node_modules/sluice/dist/min/index.js",
          "sluice/embed": "/node_modules/sluice/dist/min/embed.js",
          "sluice/predict": "/node_modules/sluice/dist/min/predict.js",
        },
      });
      const plain = `import { learn } from "/app.js";
        learn().then((r) => { globalThis.result = r; }, (e) => { globalThis.result = { error: String(e) }; });`;
      writeFileSync(
        join(home, "plain.html"),
        HTML(`<script type="importmap">${map}</script><script type="module">${plain}</script>`),
      );

      const entry = join(home, "page.js");
      writeFileSync(entry, PAGE);
      const { warnings } = await esbuild({
        entryPoints: [entry, join(home, "worker.js")],
        outdir: join(home, "esbuild"),
        ...{ bundle: true, minify: true, splitting: true, format: "esm", platform: "browser", external: ["node:*"] },
      } as const);
      expect(warnings).toEqual([]);
      writeFileSync(join(home, "esbuild/index.html"), HTML('<script type="module" src="/esbuild/page.js"></script>'));

      const server = await serveFiles({ "/": home });
      const browser = await launchBrowser("chromium");
      try {
        for (const path of ["plain.html", "esbuild/index.html"]) {
          const page = await browser.newPage();
          await page.goto(server.url + path);
          const handle = await page.waitForFunction("globalThis.result", { timeout: 60_000 });
          expectLearned((await handle.jsonValue()) as Result);
          await page.close();
        }
      } finally {
        await browser.close();
        await server.close();
      }
    },
  );

  test.skipIf(!process.env.CI && chromium === undefined)(
    "trains in a worker of a Vite app, and after a reload goes on to the bits of a run that was left alone",
    async () => {
      const root = join(home, "vite");
      cpSync(EXAMPLE, root, { recursive: true });
      await viteBuild({ root, configFile: false, base: "./", logLevel: "error", worker: { format: "es" } });
      const server = await serveFiles({ "/": join(root, "dist") });
      const browser = await launchBrowser("chromium");
      try {
        const page = await browser.newPage();
        const until = (expression: string) => page.waitForFunction(expression, { timeout: 60_000 });
        const status = async () => page.$eval("output", (element) => element.textContent);
        /** The names of the files that came of it: they hold the weights' hash. */
        const weights = async () => {
          await until(`document.querySelectorAll("a").length > 0`);
          return page.$$eval("a", (links) => links.map(({ download }) => download));
        };
        await page.goto(`${server.url}index.html`);
        await until(`document.querySelector("progress").value >= 25`);
        expect(await status()).toBe("Begun.");
        await page.reload();
        await until(`document.querySelector("output").value !== ""`);
        const wentOn = await status();
        const steps = Number(/^Went on after step (\d+)\.$/.exec(wentOn ?? "")?.[1]);
        expect(steps, String(wentOn)).toBeGreaterThanOrEqual(20);
        expect(steps % 10).toBe(0);
        const resumed = await weights();
        expect(resumed).toContainEqual(expect.stringMatching(/^weights-[0-9a-f]{16}\.safetensors$/));

        await page.reload(); // what is done is not kept: this one begins anew
        await until(`document.querySelector("output").value !== ""`);
        expect(await status()).toBe("Begun.");
        expect(await weights()).toEqual(resumed);
      } finally {
        await browser.close();
        await server.close();
      }
    },
  );
});
