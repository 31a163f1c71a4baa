/**
 * The GPU process of Chromium really crashes, in a browser of its own: the first time the training goes on by itself,
 * the second time within two minutes it says what is kept. With SLUICE_GPU_CRASHES=long it also waits until Chromium
 * gives a GPU again.
 */
import type { Browser, CDPSession, Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../../../src/cli/launch_browser.ts";
import { tally } from "../../support/tally.ts";
import { type PageServer, servePages } from "../page_server.ts";
import { describeSkipped, isWanted } from "../runtimes.ts";
import type { Ended, Failed } from "./page.ts";

/** Chromium blocks a page's GPU for two minutes after two crashes, and so long Sluice does not try again. */
const QUIET_MS = 125_000;
const isLong = process.env.SLUICE_GPU_CRASHES === "long";

if (!isWanted("chromium")) describeSkipped("Chromium's GPU process", "SLUICE_RUNTIMES leaves it out");

describe.runIf(isWanted("chromium"))("the GPU process crashes", () => {
  let server: PageServer;
  let browser: Browser;
  let page: Page;
  let protocol: CDPSession;
  let crashAfter = 0;
  let wanted: Ended;
  let passed = 0;

  beforeAll(async () => {
    server = await servePages();
    browser = await launchBrowser("chromium");
    protocol = await browser.target().createCDPSession();
    page = await browser.newPage();
    await page.exposeFunction("afterStep", async (step: number) => {
      if (step === crashAfter) await protocol.send("Browser.crashGpuProcess");
    });
    await page.goto(`${server.url}tests/platform/gpu_crash/page.html`);
    await page.waitForFunction("globalThis.train !== undefined");
    wanted = (await train(0)) as Ended;
  });
  afterAll(async () => {
    tally({ what: "crashes of Chromium's GPU process", tried: isLong ? 3 : 2, lost: (isLong ? 3 : 2) - passed });
    await browser?.close();
    await server?.close();
  });

  async function train(step: number): Promise<Ended | Failed> {
    crashAfter = step;
    return (await page.evaluate("train((step) => globalThis.afterStep(step))")) as Ended | Failed;
  }

  test("once: the training goes on by itself and ends with the same bits", async () => {
    const ended = (await train(5)) as Ended;
    expect(ended.told).toEqual(["unknown"]);
    expect(ended.recoveries).toMatchObject([{ reason: "unknown", lastStep: 3 }]);
    expect(ended.bits).toEqual(wanted.bits);
    passed++;
  });

  test("a second crash within two minutes: a DeviceLostError says what is kept, and when to try again", async () => {
    const failed = (await train(8)) as Failed;
    expect(failed).toMatchObject({
      name: "DeviceLostError",
      lastStep: 6,
      told: ["unknown"],
      predict: "DeviceLostError",
    });
    expect(failed.message).toMatch(/second loss within two minutes.*after \d+ s.*as of step 6/s);
    passed++;
  });

  test.runIf(isLong)(
    "two quiet minutes later: the page goes on from what is kept, and ends with the same bits",
    async () => {
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      crashAfter = 0;
      const ended = (await page.evaluate("goOn()")) as Ended;
      expect(ended.bits).toEqual(wanted.bits);
      passed++;
    },
    3 * QUIET_MS,
  );
});
