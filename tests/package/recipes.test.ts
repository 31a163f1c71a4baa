/** The programs of the documentation that need a browser, run with the installed package. Needs a built dist/. */
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, launchBrowser } from "../../src/cli/launch_browser.ts";
import { serveFiles } from "../../src/cli/static_server.ts";
import { loadModel } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { blocksOf } from "../support/page_programs.ts";
import { installPackage } from "./installed.ts";

const root = new URL("../..", import.meta.url);
const path = (name: string) => fileURLToPath(new URL(name, root));
const chromium = await findBrowser("chromium");

/** The blocks of a page that name a file in their first line, by that name. */
function filesOf(page: string): [string, string][] {
  return blocksOf(new URL(page, root)).flatMap(({ code }): [string, string][] => {
    const [, name] = /^\/\/ (\w+\.jsx?)\n/.exec(code) ?? [];
    return name === undefined ? [] : [[name, code]];
  });
}

// CI installs Chromium: without it these fail there.
describe.skipIf(!process.env.CI && chromium === undefined)("in Chromium", () => {
  let home: string;
  let browser: Awaited<ReturnType<typeof launchBrowser>>;
  let server: Awaited<ReturnType<typeof serveFiles>>;

  beforeAll(async () => {
    ({ home } = await installPackage());
    for (const name of ["react", "react-dom", "scheduler"]) {
      symlinkSync(path(`node_modules/${name}`), join(home, "node_modules", name));
    }
    server = await serveFiles({ "/": home });
    browser = await launchBrowser("chromium");
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    (await testDevice()).dispose();
    rmSync(home, { recursive: true, force: true });
  });

  /** Opens a page of the served folder; what it says to the console is in `said`. */
  async function open(name: string) {
    const page = await browser.newPage();
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    await page.goto(server.url + name);
    return { page, said };
  }

  async function bundle(folder: string, entries: readonly string[]) {
    await build({
      entryPoints: entries.map((entry) => join(home, folder, entry)),
      outdir: join(home, folder, "built"),
      ...{ bundle: true, splitting: true, format: "esm", platform: "browser", jsx: "automatic", external: ["node:*"] },
      ...{ absWorkingDir: home, nodePaths: [join(home, "node_modules")], logLevel: "error" },
      define: { "process.env.NODE_ENV": '"development"' },
    } as const);
  }

  test("the README's HTML page trains, with dist/min beside it", async () => {
    const html = blocksOf(new URL("README.md", root)).find(({ info }) => info === "html");
    mkdirSync(join(home, "html"));
    cpSync(join(home, "node_modules/sluice/dist/min"), join(home, "html/sluice"), { recursive: true });
    writeFileSync(join(home, "html/index.html"), html?.code ?? "");
    const { page, said } = await open("html/index.html");
    await page.waitForFunction(`/Accuracy/.test(document.querySelector("#status").textContent)`, { timeout: 60_000 });
    const status = await page.$eval("#status", (element) => element.textContent);
    expect(Number(/Accuracy: (\d+)%/.exec(status)?.[1]), said.join("\n")).toBeGreaterThan(80);
  });

  test("docs/workers.md: the worker trains, and the page hears of each epoch and gets the files", async () => {
    mkdirSync(join(home, "worker"));
    const files = filesOf("docs/workers.md");
    expect(files.map(([name]) => name)).toEqual(["worker.js", "page.js"]);
    for (const [name, code] of files) {
      const short = code
        .replace("epochs: 5", "epochs: 1")
        .replace("console.log(data)", "(globalThis.heard ??= []).push(data)");
      writeFileSync(join(home, "worker", name), short);
    }
    await bundle("worker", ["worker.js", "page.js"]);
    const head = '<!doctype html><button id="stop">Stop</button><script type="module" src="built/page.js"></script>';
    writeFileSync(join(home, "worker/index.html"), head);
    const { page } = await open("worker/index.html");
    await page.waitForFunction("globalThis.heard?.length === 2", { timeout: 90_000 });
    expect(await page.evaluate("globalThis.heard[0]")).toMatchObject({ epoch: 1, valAccuracy: expect.any(Number) });
    expect(await page.evaluate("[...globalThis.heard[1].files.keys()]")).toContain("model.json");
  });

  test("docs/react.md: the component shows the verdict, and follows what is typed", async () => {
    const folder = join(home, "react");
    mkdirSync(folder);
    for (const [name, code] of filesOf("docs/react.md")) {
      writeFileSync(join(folder, name), code.replace('"/model/"', '"/react/model/"'));
    }
    using shipped = await loadModel(path("demo/public/model"), { device: await testDevice() });
    await shipped.save(join(folder, "model"), { weights: "float16", training: false, predictor: true });
    const main = `import { StrictMode } from "react"; import { createRoot } from "react-dom/client";
      import { Mood } from "./mood.jsx";
      createRoot(document.querySelector("main")).render(<StrictMode><Mood /></StrictMode>);`;
    writeFileSync(join(folder, "main.jsx"), main);
    await bundle("react", ["main.jsx"]);
    const html =
      '<!doctype html><link rel="icon" href="data:,"><main></main><script type="module" src="built/main.js"></script>';
    writeFileSync(join(folder, "index.html"), html);
    const { page, said } = await open("react/index.html");
    const verdict = async () =>
      Number(/(\d+)% positive/.exec((await page.$eval("main", (element) => element.textContent)) ?? "")?.[1]);
    await expect.poll(verdict, { timeout: 60_000 }).toBeGreaterThan(70);
    await page.click("input", { count: 3 });
    await page.type("input", "The worst film that I have ever seen.");
    await expect.poll(verdict, { timeout: 60_000 }).toBeLessThan(30);
    expect(said.filter((line) => !line.includes("React DevTools"))).toEqual([]);
  });
});
