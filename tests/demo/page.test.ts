/** The page, built and opened in Chromium: it trains, judges what one types, and talks to no one else. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  goTo,
  openSite,
  paste,
  type Site,
  SMALL_TRAINING,
  textOf,
  waitForAddress,
  waitForText,
  withoutWebGpu,
} from "./harness.ts";

let site: Site;

beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

test("trains in a worker, and judges a sentence", async () => {
  const { page, complaints, foreign } = await site.open({ hash: `train?${SMALL_TRAINING}` });
  await waitForText(page, "#adapter", /swiftshader/i);
  await page.waitForSelector("#loss-now");
  await page.evaluate(() => {
    const losses: number[] = [];
    Object.assign(globalThis, { losses });
    const shown = document.querySelector("#loss-now") as HTMLElement;
    new MutationObserver(() => {
      if (shown.textContent !== "") losses.push(Number(shown.textContent));
    }).observe(shown, { childList: true, characterData: true, subtree: true });
  });
  await page.waitForSelector("#start:enabled");
  await page.click("#start");
  await page.waitForSelector("#pause:enabled");
  // Pausing takes hold at once, even while shaders compile.
  await page.click("#pause");
  await waitForText(page, "#state", /^Paused/);
  await page.click("#pause");
  await waitForText(page, "#state", /^(Done|Stopped by an error)/);
  expect(await textOf(page, "#state")).toMatch(/^Done/);
  expect(await textOf(page, "#epoch")).toBe("3 of 3");
  expect(await textOf(page, "#summary")).toContain("lstm (LSTM)");
  const losses = await page.evaluate(() => (globalThis as unknown as { losses: number[] }).losses);
  expect(losses.length).toBeGreaterThanOrEqual(3);
  expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  expect(await textOf(page, "#accuracy")).toMatch(/^\d+\.\d%$/);
  expect(await page.$$eval(".chart canvas", (canvases) => canvases.length)).toBe(2);

  await goTo(page, "Ask it");
  await paste(page, "#text", "A great, wonderful film.");
  await waitForText(page, "#words", /wonderful/);
  expect(await textOf(page, "#verdict")).toMatch(/^(Praise|Blame|Undecided)/);
  expect(await textOf(page, "#words")).toMatch(/[+−]\d\.\d\d/);

  await paste(page, "#text", '<img src="x" onerror="document.title = 1"> bad');
  await waitForText(page, "#words", /onerror/);
  expect(await page.$$eval("#view img", (images) => images.length)).toBe(0);
  expect(await page.title()).toContain("Sluice");

  // Another run, stopped in the middle.
  await goTo(page, "Train");
  await page.click(".settings summary");
  await page.$eval("input[name=epochs]", (field) => {
    (field as HTMLInputElement).value = "50";
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  await page.click("#start");
  await waitForText(page, "#epoch", /^\d+ of 50/);
  await waitForAddress(page, "epochs=50");
  await page.click("#stop");
  await waitForText(page, "#state", /^Stopped\. What/);

  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
  await page.close();
});

test("the first verdict is painted before the weights arrive, and the shipped model answers as one types", async () => {
  const { page, complaints, foreign } = await site.open();
  // Not from the worker: its script is still on its way.
  expect(await textOf(page, "#verdict")).toMatch(/^Praise, 9\d\.\d% sure$/);
  expect(await textOf(page, "#words")).toMatch(/wonderful/);
  await page.waitForSelector("#hardest:enabled");
  await page.click("#text", { count: 3 });
  await page.keyboard.type("Dull and awful.");
  await waitForText(page, "#words", /^dull.*awful/);
  await waitForText(page, "#verdict", /^Blame/);
  await page.click("#hardest");
  await waitForText(page, ".ask", /It read 600 texts .* was wrong on \d+/);
  const [hard] = await page.$$("ul.examples .example .muted");
  await hard?.click();
  await page.waitForFunction(() => !/Dull/.test((document.querySelector("#text") as HTMLTextAreaElement).value));

  // Nothing to read, nothing that it knows, and more than it reads.
  await paste(page, "#text", "");
  await waitForText(page, "#verdict", /^Write something/);
  expect(await page.$("#words")).toBe(null);
  await paste(page, "#text", "Zzyzx qwrtp.");
  await waitForText(page, "#verdict", /^It knows none of these words/);
  await paste(page, "#text", "A dull film. ".repeat(200));
  await waitForText(page, "#words", /^The first 100 words lie too far back/);
  expect(await page.$$eval("#words .word", (words) => words.length)).toBe(500);
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
  await page.close();
});

test("a browser without WebGPU is told which browsers have it, and sees a recorded run", async () => {
  const { page, complaints } = await site.open({ hash: "train", prepare: withoutWebGpu });
  await waitForText(page, ".notices", /Chrome or Edge \d+.*Safari.*Firefox/);
  await page.waitForSelector("#start:disabled");
  await waitForText(page, "#state", /^A recorded run.*llvmpipe/);
  expect(await textOf(page, "#epoch")).toBe("5 of 5");
  expect(await textOf(page, "#accuracy")).toMatch(/^\d\d\.\d%$/);
  await goTo(page, "Ask it");
  await page.waitForSelector(".example");
  const [, second] = await page.$$(".example");
  await second?.click();
  await waitForText(page, "#words", /loved/);
  expect(await textOf(page, "#verdict")).toMatch(/^Praise/);
  expect(complaints).toEqual([]);
  await page.close();
});

test("nothing is wider than a phone, and the policy allows nothing inline", async () => {
  const { page, complaints } = await site.open({ hash: "train", width: 390, height: 844 });
  await page.waitForSelector("#start");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(await page.$$eval("script:not([src])", (scripts) => scripts.length)).toBe(0);
  const policy = await page.$eval("meta[http-equiv]", (meta) => meta.getAttribute("content"));
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain("unsafe");
  expect(complaints).toEqual([]);
  await page.close();
});
