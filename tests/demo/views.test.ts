/**
 * Every view, light and dark, wide and on a phone: axe-core finds nothing, nothing is wider than the screen, and
 * nothing complains. With SLUICE_DEMO_PICTURES=folder a picture of each is kept, for a person to look at.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axeFindings } from "./axe.ts";
import { goTo, openSite, type Site, SMALL_TRAINING, waitForText } from "./harness.ts";

const pictures = process.env.SLUICE_DEMO_PICTURES;
/** Where the README's pictures go, if they are to be made anew. */
const readme = process.env.SLUICE_README_PICTURES;
const SCHEMES = ["light", "dark"] as const;
const WIDTHS = [1280, 390] as const;
/** For pictures a view may finish what it draws; axe-core needs its elements only. */
const SETTLING = pictures === undefined ? 150 : 2500;

let site: Site;

beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

/** For pictures: views that show more once something was done there. */
const DEEDS: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  Forecast: async (page) => {
    await page.click("#forecast-start");
    await waitForText(page, "#forecast-status", /^(Done|Stopped)/);
  },
  Bench: async (page) => {
    await page.click("#run");
    await waitForText(page, "#state", /^(Done|Stopped)/);
    await page.click("#profile");
    await waitForText(page, "#state", /^(Done: a step|Stopped)/);
  },
};

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLING));

test("every view, light and dark, wide and narrow", async () => {
  // Who looks at the pictures sees the training that a visitor has.
  const hash = pictures === undefined ? `train?${SMALL_TRAINING}` : "train";
  const { page, complaints, foreign } = await site.open({ hash });
  await page.waitForSelector("#start:enabled");
  await page.click("#start");
  await waitForText(page, "#state", /^(Done|Stopped by an error)/);
  const titles = await page.$$eval("nav.views a", (links) => links.map((link) => link.textContent ?? ""));
  expect(titles.length).toBeGreaterThanOrEqual(2);
  if (pictures !== undefined) await mkdir(pictures, { recursive: true });

  const found: string[] = [];
  const lookAt = async (title: string): Promise<void> => {
    for (const scheme of SCHEMES) {
      await page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value: scheme },
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      for (const width of WIDTHS) {
        await page.setViewport({ width, height: width < 500 ? 844 : 900 });
        await settle();
        const where = `${title}, ${scheme}, ${width} px`;
        if (pictures !== undefined) {
          await page.evaluate(() => scrollTo(0, 0));
          const name = `${title.toLowerCase().replaceAll(/\W+/g, "-")}-${width}-${scheme}.png`;
          await page.screenshot({ path: join(pictures, name), fullPage: true });
        }
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        if (wide > width) found.push(`${where}: ${wide} px wide`);
        // Colours and names are the same at both widths, but not what is hidden.
        for (const line of await axeFindings(page)) found.push(`${where}: ${line}`);
      }
    }
    await page.setViewport({ width: 1280, height: 900 });
  };
  for (const title of titles) {
    await goTo(page, title);
    // Both models can be asked now: the page's own has more to show.
    if (title === "Ask it") await page.click("input[name=which][value=shipped]");
    await lookAt(title);
    const deed = pictures === undefined ? undefined : DEEDS[title];
    if (deed === undefined) continue;
    await deed(page);
    await lookAt(`${title}, done`);
  }
  expect(found).toEqual([]);
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
  await page.close();
}, 600_000);

test.runIf(readme !== undefined)("the README's pictures: the tops of two views, light and wide", async () => {
  const { page } = await site.open({ hash: "cell", height: 860 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  const keep = async (name: string): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await page.screenshot({ path: join(readme as string, name), type: "webp", quality: 80 });
  };
  await keep("cell.webp");
  await goTo(page, "Train");
  await page.waitForSelector("#start:enabled");
  await page.click("#start");
  await waitForText(page, "#state", /^(Done|Stopped by an error)/);
  await keep("train.webp");
  await page.close();
});
