/**
 * The bench, as a view and as a page of its own: it measures, times a pasted shader, profiles a step, and compares when
 * asked.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSite, type Site, textOf, waitForText } from "./harness.ts";

/** Where to keep pictures of the page, for a person to look at; none are taken without it. */
const pictures = process.env.SLUICE_DEMO_PICTURES;

let site: Site;

beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

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
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    },
    value,
  );

test("measures cases under the roof, profiles a step, and times a pasted shader", async () => {
  const { page, complaints, foreign } = await site.open({
    file: "bench.html?filter=matmul 257, softmax 65536, gather 5000x32",
  });
  await page.waitForSelector("#run:enabled");
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
  expect(foreign).toEqual([]);
  await write(page, "#source", "@compute @workgroup_size(1)\nfn main() { let x : u32 = 1.5; }");
  await write(page, "[name=buffers]", "");
  await page.click("#time-shader");
  await waitForText(page, "#notes", /did not compile[\s\S]*2:\d+ error[\s\S]*let x : u32 = 1.5/);
  await write(page, "[name=workgroups]", "none");
  await page.click("#time-shader");
  await waitForText(page, ".notices", /"none" is not a number of workgroups/);
  await takePictures(page, "bench-fault");
  await page.close();
});

test("as a view: stops when asked, and loads what it compares with only then", async () => {
  const { page, complaints, foreign } = await site.open({ hash: "bench" });
  await page.waitForSelector("#run:enabled");
  await write(page, "#filter", "matmul 257");
  site.requests.length = 0;
  await page.click("#run");
  await waitForText(page, "#peak", /GFLOP/);
  await page.click("#stop");
  await waitForText(page, "#state", /^Stopped\.$/);
  const peers = () => site.requests.filter((name) => /\/(dist|webgpu)-/.test(name));
  expect(peers()).toEqual([]);
  await page.focus("#compare");
  await page.keyboard.press("Enter");
  await waitForText(page, "#state", /^(Done|Stopped)/);
  expect(peers().length).toBeGreaterThan(2);
  expect(await textOf(page, "#results")).toMatch(/matmul 257x65x129tfjs.*× Sluice's time/);
  // TensorFlow.js writes to the console what it thinks of the adapter.
  expect(complaints.filter((line) => !line.startsWith("warn"))).toEqual([]);
  expect(foreign).toEqual([]);
  await page.close();
});

test("nothing of the page is wider than a phone", async () => {
  const { page, complaints } = await site.open({ file: "bench.html", width: 390 });
  await page.waitForSelector("#run");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(await page.$$eval("script:not([src])", (scripts) => scripts.length)).toBe(0);
  expect(complaints).toEqual([]);
  await page.close();
});
