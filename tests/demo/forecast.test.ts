/** Forecast, in the built page: the weather that comes with it, a file of the visitor's own, and malformed files. */
import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chooseFile, openSite, type Site, textOf, waitForText } from "./harness.ts";

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

const give = (page: Page, name: string, text: string) => chooseFile(page, "#series-file", name, text);

const setNumber = (page: Page, name: string, value: number): Promise<void> =>
  page.$eval(
    `input[name=forecast-${name}]`,
    (field, text) => {
      (field as HTMLInputElement).value = text;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    },
    String(value),
  );

test("learns a series to a falling loss, and is compared with what needs no network", async () => {
  const { page, complaints, foreign } = await site.open({ hash: "forecast" });
  // Brought before the page's own series is read: it stays.
  await give(page, "early.csv", "v\n1\n2\n3\n");
  await waitForText(page, "#forecast-status", /^Ready: early\.csv, 3 rows/);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await textOf(page, "#forecast-status")).toMatch(/^Ready: early\.csv/);
  await (await page.waitForSelector(".forecast-view ::-p-text(Back to Seattle's weather)"))?.click();
  await waitForText(page, "#forecast-status", /^Ready: Seattle's weather, daily, 1,461 rows/);
  await page.waitForSelector("#forecast-start:enabled");
  await page.click(".forecast-view details summary");
  for (const [name, value] of Object.entries({ window: 8, units: 8, epochs: 6, rows: 400 }))
    await setNumber(page, name, value);
  // The first loss that is shown, however soon the next one follows.
  await page.evaluate(() => {
    const first = { loss: undefined as number | undefined };
    Object.assign(globalThis, { first });
    new MutationObserver(() => {
      const text = document.querySelector("#forecast-loss")?.textContent ?? "";
      if (/\d/.test(text)) first.loss ??= Number(text);
    }).observe(document.body, { childList: true, characterData: true, subtree: true });
  });
  await page.focus("#forecast-start");
  await page.keyboard.press("Enter");
  await waitForText(page, "#forecast-loss", /\d/);
  await waitForText(page, "#forecast-status", /^(Done|Stopped)/);
  expect(await textOf(page, "#forecast-status")).toMatch(/^Done in .* s, on “temp_max”\.$/);
  const first = await page.evaluate(() => (globalThis as unknown as { first: { loss: number } }).first.loss);
  expect(Number(await textOf(page, "#forecast-loss"))).toBeLessThan(first / 2);
  expect(await textOf(page, "#forecast-verdict")).toMatch(/^The network (beats|does not beat) “tomorrow equals today”/);
  expect(await textOf(page, "#held-out-title")).toBe("80 rows that it never saw");
  expect(await page.$$eval("#scores tbody tr", (rows) => rows.length)).toBe(3);

  // A wave that repeats itself: copying the last value is easily beaten.
  const wave = Array.from({ length: 300 }, (_, t) => `${t};${(50 + 20 * Math.sin(t / 2)).toFixed(3)};x`);
  await give(page, "wave.csv", ["row;height;note", ...wave].join("\n"));
  await waitForText(page, "#forecast-status", /^Ready: wave\.csv, 300 rows/);
  expect(await page.$$eval("#series-column option", (all) => all.map((each) => each.textContent))).toEqual([
    "row",
    "height",
  ]);
  await page.select("#series-column", "height");
  await setNumber(page, "epochs", 25);
  await page.click("#forecast-start");
  await waitForText(page, "#forecast-verdict", /^The network beats/);

  await give(page, "bad.csv", "a,b\nx,y\n");
  await waitForText(page, ".notices", /bad\.csv: none of its columns \(a, b\) holds a number in every row/);
  await setNumber(page, "rows", 20);
  await setNumber(page, "window", 100);
  await page.click("#forecast-start");
  await waitForText(page, ".notices", /the series has 20 rows, 16 of them for training; window 100/);
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
  await page.close();
});
