/** How fast the page is there, and that it stays responsive: measured, with bounds for a software adapter on two cores. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSite, type Site, waitForText } from "./harness.ts";

/** From opening the page to the first step of a training, in milliseconds; a machine that does other work too takes longer. */
const FIRST_STEP = 15_000;
/** A task of the page's own thread that holds up a click, in milliseconds: what browsers report as long. */
const LONG_TASK = 50;
/** Of all script that opening the page and training in it loads, the worker's with the engine too, gzipped; charts and data apart. */
const SCRIPT_BYTES = 200_000;

let site: Site;

beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

test("from opening the page to the first step, and no long task while it trains", async () => {
  const { page, complaints } = await site.open({
    hash: "train",
    prepare: (fresh) =>
      fresh.evaluateOnNewDocument(() => {
        const tasks: number[] = [];
        Object.assign(globalThis, { tasks });
        new PerformanceObserver((list) => {
          for (const { duration } of list.getEntries()) tasks.push(duration);
        }).observe({ type: "longtask" });
      }),
  });
  await page.waitForSelector("#start:enabled");
  await page.evaluate(() => {
    (globalThis as unknown as { tasks: number[] }).tasks.length = 0;
    (document.querySelector("#start") as HTMLButtonElement).click();
  });
  await waitForText(page, "#state", /^Compiling shaders|^Training: step/);
  await waitForText(page, "#state", /^Training: step/);
  const firstStep = await page.evaluate(() => performance.now());
  console.log(`from opening the page to the first step: ${Math.round(firstStep)} ms`);
  await waitForText(page, "#epoch", /^2 of 5/);
  const tasks = await page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks);
  console.log(`long tasks of the page's thread while it trained: ${tasks.map(Math.round).join(", ") || "none"}`);
  expect(tasks.filter((milliseconds) => milliseconds > LONG_TASK)).toEqual([]);
  expect(firstStep).toBeLessThan(FIRST_STEP);
  expect(complaints).toEqual([]);
  await page.close();
});

test("the page's script is small", async () => {
  const { page } = await site.open({ hash: "train" });
  await page.waitForSelector("#start:enabled");
  const loaded = await page.evaluate(() =>
    performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname.split("/").at(-1) ?? ""),
  );
  await page.close();
  const folder = join(site.folder, "assets");
  const workers = (await readdir(folder)).filter((name) => /^main-.*\.js$/.test(name));
  const pages = loaded.filter((name) => name.endsWith(".js") && !/^(uPlot|sentences)/.test(name));
  const scripts = new Set([...pages, ...workers]);
  const sizes = await Promise.all(
    [...scripts].map(async (name) => [name, gzipSync(await readFile(join(folder, name))).length] as const),
  );
  console.log(sizes.map(([name, bytes]) => `${name} ${bytes}`).join(", "));
  const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
  expect(bytes).toBeLessThan(SCRIPT_BYTES);
});
