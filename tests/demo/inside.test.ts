/**
 * Inside the cell, in the built page: by mouse, by keyboard and as a table, with the model that comes with the page.
 */
import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSite, paste, type Site, textOf, waitForText } from "./harness.ts";

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

const CELL = "[aria-label$='units over the words'] [role=gridcell]";
const nameOf = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => element.getAttribute("aria-label") ?? "");

/** The numbers of the first equation: c, f, c before, i, g. */
const equation = (page: Page): Promise<number[]> =>
  page.$$eval(".equation p:nth-of-type(2) b", (all) => all.map((each) => Number(each.textContent?.replace("−", "-"))));

test("shows the first sentence before the model is there, then whatever is typed", async () => {
  const { page, complaints, foreign } = await site.open({ hash: "cell?word=1&unit=7" });
  await waitForText(page, "#cell-word", /^“plot”, 3 of 26$/);
  expect(await textOf(page, ".strip-label b")).toBe("Unit 7");
  const [c, f, before, i, g] = (await equation(page)) as [number, number, number, number, number];
  // Filled in with two decimals each, the equation holds as far as they go.
  expect(Math.abs(f * before + i * g - c)).toBeLessThan(0.03);

  // By keyboard: the grid of the units, one cell at a time.
  await page.focus(CELL);
  await page.keyboard.press("End");
  await waitForText(page, "#cell-word", /^“seen”, 26 of 26$/);
  await page.keyboard.press("ArrowLeft");
  await waitForText(page, "#cell-word", /^“have”/);
  const before1 = await nameOf(page, CELL);
  await page.keyboard.press("ArrowDown");
  await page.waitForFunction(
    (selector, old) => document.querySelector(selector)?.getAttribute("aria-label") !== old,
    {},
    CELL,
    before1,
  );
  const name = await nameOf(page, CELL);
  expect(name).toMatch(/^unit \d+, have: −?\d\.\d\d$/);
  const unit = /unit (\d+)/.exec(name)?.[1];
  expect(await textOf(page, ".strip-label b")).toBe(`Unit ${unit}`);
  await page.waitForFunction(
    (words) => [...document.querySelectorAll("[aria-live]")].some(({ textContent }) => textContent === words),
    {},
    name,
  );
  await page.waitForFunction((wanted) => location.hash.includes(`unit=${wanted}`), {}, unit);
  await page.keyboard.press("Home");
  await waitForText(page, "#cell-word", /^“⟨start⟩”, 1 of 26$/);
  await page.keyboard.press("Escape");
  await waitForText(page, "#cell-word", /^26 steps$/);

  // By mouse: a phrase of the explanation, a cell, the choice of what is shown and how it is sorted.
  await page.evaluate(() => scrollTo(0, 0));
  await (await page.waitForSelector(".explanation ::-p-text(at the end)"))?.click();
  await waitForText(page, "#cell-word", /^“seen”/);
  await page.select("#part", "f");
  expect(await textOf(page, "#range")).toBe("forget gate: 0.00 to 1.00");
  await page.select("#part", "c");
  const ofSentence = await textOf(page, "#range");
  await page.select("#scale", "unit");
  await page.waitForFunction((old) => document.querySelector("#range")?.textContent !== old, {}, ofSentence);
  expect(await textOf(page, "#range")).toMatch(/\(unit \d+\)$/);
  const rows = () =>
    page.$$eval("section[aria-labelledby=units-title] .line", (all) => all.map((row) => row.textContent));
  const byPart = await rows();
  expect(byPart.length).toBe(16);
  await page.select("#sort", "blame");
  await page
    .waitForFunction(
      (first) => document.querySelector("section[aria-labelledby=units-title] .line")?.textContent !== first,
      {},
      byPart[0],
    )
    .catch(() => undefined);
  expect(await rows()).not.toEqual(byPart);
  await page.click("#all-units");
  expect((await rows()).length).toBe(100);
  await page.click("#all-units");
  const tables = await page.$$(".as-table button");
  await tables[0]?.click();
  expect(await page.$$eval(".as-table table tbody tr", (all) => all.length)).toBe(26);
  await tables[0]?.click();

  // Plays from the first word to the last, by itself only when asked to.
  await page.click("#play");
  await waitForText(page, "#cell-word", /^“(the|plot|is)”, [234] of 26$/);
  await page.click("#play");
  expect(await textOf(page, "#play")).toBe("Play word by word");

  // Another sentence is read by the model itself.
  await page.waitForFunction(() => document.querySelector("#adapter")?.textContent?.includes("swiftshader"));
  await paste(page, "#cell-text", 'Dull <img src="x" onerror="document.title=1"> and bad');
  await waitForText(page, "section[aria-labelledby=unit-title] .word-labels", /dull.*bad/);
  expect(await page.$$eval("#view img", (images) => images.length)).toBe(0);
  // The end of a text that is wider than its box comes into sight with the walk.
  await paste(page, "#cell-text", "A dull film. ".repeat(40));
  await waitForText(page, "#cell-word", /^(121 steps|“.*of 121)$/);
  await page.focus(CELL);
  await page.keyboard.press("End");
  await waitForText(page, "#cell-word", /^“film”, 121 of 121$/);
  await page.waitForFunction(() =>
    [...document.querySelectorAll(".picture")].every(({ scrollLeft }) => scrollLeft > 0),
  );
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
  await page.close();
});

test("on a phone the words run down, a tap pins one, and the explanation is a sheet", async () => {
  const { page, complaints } = await site.open({ hash: "cell", width: 390, height: 844 });
  await waitForText(page, "#cell-word", /^26 steps$/);
  const grid = await page.waitForSelector("[aria-label$='gates and states over the words']");
  const box = await grid?.boundingBox();
  expect(box?.height).toBeGreaterThan(2 * (box?.width ?? 0));
  await page.evaluate(() =>
    document.querySelector("[aria-label$='gates and states over the words']")?.scrollIntoView(),
  );
  const at = await grid?.boundingBox();
  await page.mouse.click((at?.x ?? 0) + 20, (at?.y ?? 0) + 36 * 2 + 10);
  await waitForText(page, "#cell-word", /^“plot”, 3 of 26$/);
  await (await page.waitForSelector(".sheet button"))?.click();
  await waitForText(page, ".sheet", /forget gate/);
  await (await page.waitForSelector(".pager ::-p-text(units →)"))?.click();
  await waitForText(page, ".pager span", /^6–10 of 100$/);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(complaints).toEqual([]);
  await page.close();
});
