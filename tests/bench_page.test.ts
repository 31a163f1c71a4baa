/** The bench's page, built and opened in Chromium: it measures, times a pasted shader, and profiles a step. */
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

let folder: string;
let server: StaticServer;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-bench-page-"));
  await build({
    root: join(root, "demo"),
    configFile: join(root, "vite.config.ts"),
    mode: "demo",
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true },
  });
  server = await serveFiles({ "/some/folder/": folder });
  browser = await launchBrowser("chromium");
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

async function openPage(query: string, width = 1280) {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.setViewport({ width, height: 900 });
  await page.goto(`${server.url}some/folder/bench.html${query}`, { timeout: 60_000 });
  return { page, complaints };
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

const write = (page: Page, selector: string, value: string): Promise<void> =>
  page.$eval(
    selector,
    (field, text) => {
      (field as HTMLInputElement | HTMLTextAreaElement).value = text;
    },
    value,
  );

test("measures cases under the roof, profiles a step, and times a pasted shader", async () => {
  const { page, complaints } = await openPage("?filter=matmul 257, softmax 65536, gather 5000x32");
  await page.click("#run");
  await waitForText(page, "#state", /^(Done|Stopped)/);
  expect(await textOf(page, "#state")).toBe("Done: 3 results.");
  expect(await textOf(page, "#adapter")).toMatch(/swiftshader/i);
  expect(await textOf(page, "#peak")).toMatch(/^\d.* GFLOP\/s$/);
  const rows = await page.$$eval("#results tr", (all) => all.map((row) => row.textContent ?? ""));
  expect(rows).toEqual([
    expect.stringMatching(/^matmul 257x65x129Sluice, .*(ms|µs)/),
    expect.stringMatching(/^gather.*/),
    expect.stringMatching(/^softmax 65536x8/),
  ]);
  expect(await page.$eval("#save", (button) => (button as HTMLButtonElement).disabled)).toBe(false);

  await page.click("#profile");
  await waitForText(page, "#state", /^(Done: a step|Stopped)/);
  expect(await textOf(page, "#operations")).toMatch(/lstm\w*Sweep/);
  const shares = await page.$$eval("#operations tr", (all) =>
    all.map((row) => Number.parseFloat(row.lastElementChild?.textContent ?? "")),
  );
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeGreaterThan(98);
  expect(shares).toEqual([...shares].sort((a, b) => b - a));
  expect(await page.$$eval("#flame span", (slices) => slices.length)).toBeGreaterThan(10);
  await takePictures(page, "bench");

  // The example that stands in the box, then one with a fault.
  await write(page, "[name=buffers]", "64KiB, 64KiB");
  await write(page, "[name=workgroups]", "64");
  await page.click("#time-shader");
  await waitForText(page, "#state", /^(Done: 1|Stopped)/);
  expect(await textOf(page, "#results")).toMatch(/^your shader/);
  expect(complaints).toEqual([]);
  await write(page, "#source", "@compute @workgroup_size(1)\nfn main() { let x : u32 = 1.5; }");
  await write(page, "[name=buffers]", "");
  await page.click("#time-shader");
  await waitForText(page, "#notes", /did not compile[\s\S]*2:\d+ error[\s\S]*let x : u32 = 1.5/);
  await write(page, "[name=workgroups]", "none");
  await page.click("#time-shader");
  await waitForText(page, "#problem-text", /"none" is no count of workgroups/);
  await takePictures(page, "bench-fault");
  await page.close();
});

test("stops when asked", async () => {
  const { page } = await openPage("?filter=matmul");
  await page.click("#run");
  await waitForText(page, "#peak", /GFLOP/);
  await page.click("#stop");
  await waitForText(page, "#state", /^Stopped\.$/);
  expect(await page.$eval("#run", (button) => (button as HTMLButtonElement).disabled)).toBe(false);
  await page.close();
});

test("nothing is wider than a phone", async () => {
  const { page, complaints } = await openPage("", 390);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(await page.$$eval("script:not([src])", (scripts) => scripts.length)).toBe(0);
  expect(complaints).toEqual([]);
  await page.close();
});
