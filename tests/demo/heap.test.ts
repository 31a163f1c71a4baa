/**
 * A page that trains keeps its memory: the heaps of page and worker, and the GPU process's resident memory, seen
 * through the DevTools protocol after collections. SLUICE_PAGE_MINUTES says how long it trains; without it nothing is
 * run.
 */
import { readFileSync } from "node:fs";
import type { CDPSession, Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trendOf, trendText } from "../support/flat.ts";
import { tally } from "../support/tally.ts";
import { openSite, type Site, textOf, waitForText } from "./harness.ts";

const minutes = Number(process.env.SLUICE_PAGE_MINUTES ?? 0);
const SAMPLES = 80;
/** So long that it rarely ends; when it does it is begun again. */
const TRAINING = "epochs=100&units=64&embedding=32&dropout=0.5";
const PAGE = 4096;

let site: Site | undefined;
beforeAll(async () => {
  if (minutes > 0) site = await openSite();
});
afterAll(() => site?.close());

async function heapBytes(client: CDPSession): Promise<number> {
  await client.send("HeapProfiler.collectGarbage");
  const { usedSize } = await client.send("Runtime.getHeapUsage");
  return usedSize;
}

/** Resident memory of the browser's GPU process; Linux tells it. */
async function gpuBytes(client: CDPSession): Promise<number | undefined> {
  const { processInfo } = await client.send("SystemInfo.getProcessInfo");
  const gpu = processInfo.find(({ type }) => type === "GPU");
  if (gpu === undefined || process.platform !== "linux") return undefined;
  return Number(readFileSync(`/proc/${gpu.id}/statm`, "utf8").split(" ")[1]) * PAGE;
}

async function start(page: Page): Promise<void> {
  await page.waitForSelector("#start:enabled");
  await page.click("#start");
  await waitForText(page, "#state", /^Training: step/);
}

test.runIf(minutes > 0)(`a page that trains for ${minutes} minutes`, { timeout: (minutes + 5) * 60_000 }, async () => {
  const { browser, open } = site as Site;
  const { page, complaints } = await open({ hash: `train?${TRAINING}` });
  await start(page);
  const ownClient = await page.createCDPSession();
  const workerClient = page.workers()[0]?.client as CDPSession;
  const browserClient = await browser.target().createCDPSession();
  const seen: Record<string, number[]> = { "the page's heap": [], "the worker's heap": [], "the GPU process": [] };
  let trainings = 1;
  const end = performance.now() + minutes * 60_000;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, (minutes * 60_000) / SAMPLES));
    const state = await textOf(page, "#state");
    expect(state).toMatch(/^(Training|Done|Compiling)/);
    if (state.startsWith("Done")) {
      trainings++;
      await start(page);
    }
    seen["the page's heap"]?.push(await heapBytes(ownClient));
    seen["the worker's heap"]?.push(await heapBytes(workerClient));
    const gpu = await gpuBytes(browserClient);
    if (gpu !== undefined) seen["the GPU process"]?.push(gpu);
  }
  const steps = await textOf(page, "#state");
  expect(complaints).toEqual([]);
  for (const [what, samples] of Object.entries(seen)) {
    if (samples.length === 0) continue;
    const trend = trendOf(samples);
    const note = `${trendText(trend)}; training ${trainings}, ${steps}`;
    tally({ what: `minutes of training in a page: ${what}`, tried: minutes, lost: trend.isFlat ? 0 : 1, note });
    console.log(`${what}: ${note}`);
    expect.soft(trend.isFlat, `${what}: ${note}`).toBe(true);
  }
});
