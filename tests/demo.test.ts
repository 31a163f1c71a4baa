/** The page, built and opened in Chromium: it trains, judges what one types, and talks to no one else. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "puppeteer";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../src/cli/browser.ts";
import { type StaticServer, serveFiles } from "../src/cli/static_server.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Where to keep pictures of the page, for a person to look at; none are taken without it. */
const pictures = process.env.SLUICE_DEMO_PICTURES;
const SMALL = "?epochs=3&limit=320&batchSize=32&units=16&embedding=16&learningRate=0.02";

let folder: string;
let server: StaticServer;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-demo-"));
  const configFile = join(root, "vite.config.ts");
  await build({
    root: join(root, "demo"),
    configFile,
    mode: "demo",
    logLevel: "warn",
    build: { outDir: folder, emptyOutDir: true },
  });
  // Not at the root: the page has to work from any folder.
  server = await serveFiles({ "/some/folder/": folder, "/some/folder/page": join(folder, "index.html") });
  browser = await launchBrowser("chromium");
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

interface Watched {
  readonly page: Page;
  /** What went to the console as an error or a warning, and what nothing caught. */
  readonly complaints: string[];
  readonly requests: string[];
}

async function openPage(query: string, prepare?: (page: Page) => Promise<unknown>): Promise<Watched> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  await page.setViewport({ width: 1280, height: 900 });
  await prepare?.(page);
  await page.goto(`${server.url}some/folder/index.html${query}`, { timeout: 60_000 });
  return { page, complaints, requests };
}

const textOf = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => element.textContent ?? "");

const waitForText = (page: Page, selector: string, pattern: RegExp): Promise<unknown> =>
  page.waitForFunction(
    (where, source) => new RegExp(source).test(document.querySelector(where)?.textContent ?? ""),
    { timeout: 100_000, polling: 100 },
    selector,
    pattern.source,
  );

/** Puts text into the box as a paste does. */
const paste = (page: Page, text: string): Promise<void> =>
  page.$eval(
    "#text",
    (box, value) => {
      (box as HTMLTextAreaElement).value = value;
      box.dispatchEvent(new InputEvent("input", { bubbles: true }));
    },
    text,
  );

async function takePictures(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    for (const width of [1280, 390]) {
      await page.setViewport({ width, height: 900 });
      await new Promise((resolve) => setTimeout(resolve, 400));
      await page.screenshot({ path: join(pictures, `${name}-${width}-${scheme}.png`), fullPage: true });
    }
  }
  await page.emulateMediaFeatures([]);
}

test("trains in a worker, and judges a sentence", async () => {
  const { page, complaints, requests } = await openPage(SMALL);
  await waitForText(page, "#state", /^Ready/);
  expect(await textOf(page, "#adapter")).toMatch(/swiftshader/i);
  expect(await textOf(page, "#summary")).toContain("lstm (LSTM)");
  await takePictures(page, "ready");

  await page.evaluate(() => {
    const losses: number[] = [];
    Object.assign(globalThis, { losses });
    const shown = document.querySelector("#loss-now") as HTMLElement;
    new MutationObserver(() => {
      if (shown.textContent !== "") losses.push(Number(shown.textContent));
    }).observe(shown, { childList: true });
  });
  await page.click("#start");
  // Pausing takes hold at once, even while shaders compile.
  await page.click("#pause");
  await waitForText(page, "#state", /^Paused/);
  await page.click("#pause");
  await waitForText(page, "#state", /^(Done|Stopped by an error)/);
  expect(await textOf(page, "#state")).toMatch(/^Done/);
  expect(await textOf(page, "#epoch")).toBe("3 of 3");
  const losses = await page.evaluate(() => (globalThis as unknown as { losses: number[] }).losses);
  expect(losses.length).toBeGreaterThanOrEqual(3);
  expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  expect(await textOf(page, "#accuracy")).toMatch(/^\d+\.\d%$/);
  expect(await page.$$eval(".chart canvas", (canvases) => canvases.length)).toBe(2);

  await paste(page, "A great, wonderful film.");
  await waitForText(page, "#words", /wonderful/);
  expect(await textOf(page, "#verdict")).toMatch(/^(Praise|Blame|Undecided)/);
  expect(await textOf(page, "#words")).toMatch(/[+−]\d\.\d\d/);
  await takePictures(page, "done");

  await paste(page, '<img src="x" onerror="document.title = 1"> bad');
  await waitForText(page, "#words", /onerror/);
  expect(await page.$$eval("img", (images) => images.length)).toBe(0);
  expect(await page.title()).toContain("Sluice");

  // Another run, stopped in the middle.
  await page.$eval("input[name=epochs]", (field) => {
    (field as HTMLInputElement).value = "50";
  });
  await page.click("#start");
  await waitForText(page, "#epoch", /^\d+ of 50/);
  expect(page.url()).toContain("epochs=50");
  await page.click("#stop");
  await waitForText(page, "#state", /^Stopped\. What/);

  expect(complaints).toEqual([]);
  expect(requests.filter((url) => !url.startsWith(server.url) && !/^(data|blob):/.test(url))).toEqual([]);
  await page.close();
});

test("a browser without WebGPU is told which browsers have it", async () => {
  const { page, complaints } = await openPage("", (fresh) =>
    fresh.evaluateOnNewDocument(() => {
      delete (Navigator.prototype as { gpu?: unknown }).gpu;
    }),
  );
  await waitForText(page, "#problem-text", /Chrome or Edge \d+.*Safari.*Firefox/);
  expect(await page.$eval("#problem", (panel) => (panel as HTMLElement).hidden)).toBe(false);
  expect(await page.$eval("#start", (button) => (button as HTMLButtonElement).disabled)).toBe(true);
  await takePictures(page, "no-webgpu");
  expect(complaints).toEqual([]);
  await page.close();
});

test("nothing is wider than a phone, and the page loads no inline script", async () => {
  const { page } = await openPage("", (fresh) => fresh.setViewport({ width: 390, height: 844 }));
  await waitForText(page, "#state", /^Ready/);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(await page.$$eval("script:not([src])", (scripts) => scripts.length)).toBe(0);
  expect(await page.$eval("meta[http-equiv]", (meta) => meta.getAttribute("content"))).toContain("script-src 'self'");
  await page.close();
});
