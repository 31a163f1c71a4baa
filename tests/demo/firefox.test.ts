/**
 * Every room of the page in Firefox: by click and by keyboard, a training to a falling loss, a reload in mid-training, a lost
 * device, a file that is none, and nothing that axe-core, the console or the network complains of.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser } from "../../src/cli/browser.ts";
import { describeSkipped, isWanted } from "../platform/runtimes.ts";
import { axeFindings } from "./axe.ts";
import {
  dropFile,
  finishTraining,
  goTo,
  loseDevice,
  openSite,
  paste,
  type Site,
  SMALL_TRAINING,
  startTraining,
  textOf,
  waitForText,
} from "./harness.ts";

function walk(): void {
  let site: Site;
  beforeAll(async () => {
    site = await openSite("firefox");
  });
  afterAll(() => site?.close());

  test("trains to a falling loss, goes on after a reload and after a lost device, with the same weights", async () => {
    const { page, complaints, foreign } = await site.open({ hash: `train?${SMALL_TRAINING}` });
    await page.waitForSelector("#start:enabled");
    await page.focus("#start");
    await page.keyboard.press("Enter");
    await waitForText(page, "#epoch", /^1 of 3/);
    await waitForText(page, "#loss-now", /\d/);
    const first = Number(await textOf(page, "#loss-now"));
    const undisturbed = await finishTraining(page);
    expect(Number(await textOf(page, "#loss-now"))).toBeLessThan(first);

    await startTraining(page);
    await waitForText(page, "#epoch", /^2 of 3/);
    await loseDevice(page);
    await waitForText(page, "#log", /GPU was lost/);
    expect(await finishTraining(page)).toBe(undisturbed);

    await startTraining(page);
    await waitForText(page, "#epoch", /^2 of 3/);
    await page.click("#pause");
    await waitForText(page, "#kept", /^step (1[1-9]|2\d)$/);
    await page.reload();
    await page.waitForSelector("#go-on");
    await page.click("#go-on");
    expect(await finishTraining(page)).toBe(undisturbed);

    await dropFile(page, "broken.csv", "text,label\na,perhaps\n");
    await waitForText(page, ".notices", /broken\.csv, line 2: the label is "perhaps"/);
    expect(complaints).toEqual([]);
    expect(foreign).toEqual([]);
    await page.close();
  });

  test("every room answers, and axe-core finds nothing there", async () => {
    const { page, complaints, foreign } = await site.open();
    const found: string[] = [];
    const look = async (): Promise<void> => {
      for (const line of await axeFindings(page)) found.push(`${await textOf(page, "#room-title")}: ${line}`);
    };
    await page.waitForSelector("#hardest:enabled");
    await paste(page, "#text", '<img src="x" onerror="document.title = 1"> Dull and awful.');
    await waitForText(page, "#words", /onerror.*awful/);
    await waitForText(page, "#verdict", /^Blame/);
    expect(await page.$$eval("#room img", (images) => images.length)).toBe(0);
    await look();

    await goTo(page, "Inside the cell");
    await waitForText(page, "section[aria-labelledby=unit-title] .word-labels", /dull.*awful/);
    await page.focus("[aria-label$='units over the words'] [role=gridcell]");
    await page.keyboard.press("End");
    await waitForText(page, "#cell-word", /^“awful”/);
    await waitForText(page, "#fade-kept", /of these 40 words/);
    await look();

    await goTo(page, "Words");
    await waitForText(page, "#chosen-word", /^wonderful$/);
    await page.type("#word-search", "awful");
    await page.keyboard.press("Enter");
    await waitForText(page, "#chosen-word", /^awful$/);
    await look();

    await goTo(page, "Forecast");
    await waitForText(page, "#forecast-status", /^Ready: S&P 500/);
    await look();

    await goTo(page, "Bench");
    await page.waitForSelector("#run:enabled");
    await paste(page, "#filter", "matmul 257");
    await page.click("#run");
    await waitForText(page, "#state", /^Measuring/);
    // A whole measurement takes a minute: Firefox looks ten times a second only whether the GPU is done.
    await page.click("#stop");
    await waitForText(page, "#state", /^Stopped\.$/);
    await look();

    await goTo(page, "Take it home");
    await page.click("#save-safetensors");
    await waitForText(page, "#home-status", /^model\.safetensors, 0\.9 MB/);
    await look();
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
    expect(foreign).toEqual([]);
    await page.close();
  });
}

if (!isWanted("firefox")) {
  describeSkipped("the page in Firefox", "SLUICE_RUNTIMES leaves it out");
} else if ((await findBrowser("firefox")) === undefined) {
  describeSkipped("the page in Firefox", "it is not installed (Debian: apt-get install firefox-esr)");
} else {
  describe("the page in Firefox", walk);
}
