/**
 * Training in the page, end to end: files good and bad, reloads and lost devices, each ending with the very same
 * weights.
 */
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tar } from "../data/archives.ts";
import {
  chooseFile,
  dropFile,
  finishTraining,
  goTo,
  loseDevice,
  openSite,
  type Site,
  SMALL_TRAINING,
  startTraining,
  textOf,
  waitForAddress,
  waitForText,
} from "./harness.ts";

let site: Site;
/** Of the weights after a training that nothing interrupted. */
let undisturbed: string;

beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

test("a training that is undisturbed, by keyboard alone", async () => {
  const { page, complaints } = await site.open({ hash: `train?${SMALL_TRAINING}` });
  await page.waitForSelector("#start:enabled");
  await page.focus("#start");
  await page.keyboard.press("Enter");
  undisturbed = await finishTraining(page);
  expect(await textOf(page, "#kept")).toBe("step 30");
  expect(complaints).toEqual([]);
  await page.close();
});

test("after a reload in mid-training the page goes on, and ends with the same weights", async () => {
  const { page, complaints } = await site.open({ hash: `train?${SMALL_TRAINING}` });
  await startTraining(page);
  await waitForText(page, "#epoch", /^2 of 3/);
  // What is paused is kept there and then, in the middle of an epoch.
  await page.click("#pause");
  await page.waitForFunction(() => /^step (1[1-9]|2\d)$/.test(document.querySelector("#kept")?.textContent ?? ""));
  await page.reload();
  await page.waitForSelector("#go-on");
  expect(await textOf(page, ".offer")).toMatch(/stands at step (1[1-9]|2\d) of 30/);
  expect(await page.$eval("#progress", (bar) => (bar as HTMLProgressElement).value)).toBeGreaterThan(0.3);
  // Other views lead back to it, rather than to a new one.
  await goTo(page, "Ask it");
  expect(await page.$("#train-now")).toBe(null);
  await (await page.waitForSelector(".top-right a ::-p-text(A training waits)"))?.click();
  await page.waitForSelector("#go-on");
  await page.click("#go-on");
  expect(await finishTraining(page)).toBe(undisturbed);
  expect(complaints).toEqual([]);
  await page.close();
});

test("a device lost in mid-training is said, and made good: the same weights", async () => {
  const { page, complaints } = await site.open({ hash: `train?${SMALL_TRAINING}` });
  await page.waitForSelector("#start:enabled");
  await page.click("#start");
  await waitForText(page, "#epoch", /^2 of 3/);
  await loseDevice(page);
  await waitForText(page, "#log", /GPU was lost/);
  expect(await finishTraining(page)).toBe(undisturbed);
  // The notice goes once there is a GPU again.
  await page.waitForFunction(() => document.querySelector(".notice") === null);
  expect(complaints).toEqual([]);
  await page.close();
});

// Tests reach a worker through the DevTools protocol.
test("a worker that the browser ends is missed, and another goes on: the same weights", async () => {
  const { page, complaints } = await site.open({ hash: `train?${SMALL_TRAINING}` });
  await startTraining(page);
  await waitForText(page, "#epoch", /^2 of 3/);
  await waitForText(page, "#kept", /^step \d+$/);
  // No error event tells of it.
  await page.workers()[0]?.evaluate(() => self.close());
  await waitForText(page, ".notices", /worker is gone.*the browser ended/);
  await page.waitForSelector("#go-on");
  await page.click("#go-on");
  expect(await finishTraining(page)).toBe(undisturbed);
  expect(complaints).toEqual([]);
  await page.close();
});

test("a full disk is said, and the training goes on", async () => {
  const { page } = await site.open({ hash: `train?${SMALL_TRAINING}`, inOwnContext: true });
  const client = await page.createCDPSession();
  await client.send("Storage.overrideQuotaForOrigin", { origin: new URL(page.url()).origin, quotaSize: 1 });
  await startTraining(page);
  await waitForText(page, ".notices", /No room to keep this training.*storage for this origin is full/);
  expect(await finishTraining(page)).toBe(undisturbed);
  await client.send("Storage.overrideQuotaForOrigin", { origin: new URL(page.url()).origin });
  await page.close();
});

test("two tabs train side by side, each with a place of its own", async () => {
  const hash = `train?${SMALL_TRAINING}`;
  const first = await site.open({ hash });
  const tabs = [first, await site.open({ hash, beside: first.page })];
  for (const { page } of tabs) {
    await page.bringToFront();
    await startTraining(page);
  }
  for (const { page, complaints } of tabs) {
    await page.bringToFront();
    expect(await finishTraining(page)).toBe(undisturbed);
    expect(complaints).toEqual([]);
    await page.close();
  }
});

test("a table of one's own, chosen and dropped; what is wrong with one is said by its line", async () => {
  const { page, complaints } = await site.open({ hash: "train?epochs=1" });
  await page.waitForSelector("#start:enabled");
  const rows = Array.from({ length: 60 }, (_, n) =>
    n % 2 === 0 ? `"a good, fine film number ${n}",positive` : `a dull and tiresome film number ${n},negative`,
  );
  await chooseFile(page, "#file", "reviews.csv", ["text,label", ...rows].join("\n"));
  await waitForText(page, "#data", /reviews\.csv: 48 to learn from, 12 kept/);
  await waitForAddress(page, "data=table");

  await dropFile(page, "broken.csv", ["text,label", ...rows, "no idea,perhaps"].join("\n"));
  await waitForText(page, ".notices", /broken\.csv, line 62: the label is "perhaps"/);
  // The file from before is still the one to train on.
  expect(await textOf(page, "#data")).toContain("reviews.csv");

  const lines = rows.map((_, n) => JSON.stringify({ text: `film ${n}, as good as it gets`, label: n % 2 }));
  await dropFile(page, "reviews.jsonl", lines.join("\n"));
  await waitForText(page, "#data", /reviews\.jsonl: 48 to learn from/);
  await dropFile(page, "broken.jsonl", [lines[0], lines[1], '{"text": "no end', ...lines].join("\n"));
  await waitForText(page, ".notices", /broken\.jsonl, line 3 is not JSON: [^()]*; expected {"text": …, "label": …}/);
  await dropFile(page, "one.csv", "text,label\nhello,1\n");
  await waitForText(page, ".notices", /one\.csv has 1 different text; expected at least 20/);
  await dropFile(page, "names.csv", "title,stars\nhello,1\nbye,0\nhey,1\nwell,0\n");
  await waitForText(page, ".notices", /names\.csv, line 1: the columns are called "title", "stars"; expected text/);
  await dropFile(page, "cut.tar.gz", "not an archive");
  await waitForText(page, ".notices", /cut\.tar\.gz/);
  const archive = gzipSync(tar([{ path: "aclImdb/train/pos/0_9.txt", text: randomBytes(50_000).toString("hex") }]));
  await chooseFile(page, "#file", "short.tar.gz", archive.subarray(0, archive.length / 2));
  await waitForText(page, ".notices", /short\.tar\.gz: the gzip stream is cut short or damaged after/);
  await startTraining(page);
  await waitForText(page, "#state", /^(Done|Stopped by an error)/);
  expect(await textOf(page, "#state")).toMatch(/^Done/);
  expect(complaints).toEqual([]);
  await page.close();
});
