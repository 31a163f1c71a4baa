/**
 * The page in Firefox, where it may differ: every view by click and by keyboard, at a phone's width too; a training to
 * a falling loss, a reload in mid-training, a lost device, two tabs; files that are brought, taken home and brought
 * back; a browser without WebGPU; and nothing that axe-core, the console or the network complains of.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser } from "../../src/cli/launch_browser.ts";
import { describeSkipped, isWanted } from "../platform/runtimes.ts";
import { axeFindings } from "./axe.ts";
import {
  chooseFile,
  downloaded,
  dropFile,
  finishTraining,
  goTo,
  keepDownloads,
  loseDevice,
  openSite,
  paste,
  type Site,
  SMALL_TRAINING,
  startTraining,
  textOf,
  waitForText,
  withoutWebGpu,
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

  test("every view answers, and axe-core finds nothing there", async () => {
    const { page, complaints, foreign } = await site.open();
    const found: string[] = [];
    const look = async (): Promise<void> => {
      for (const line of await axeFindings(page)) found.push(`${await textOf(page, "#view-title")}: ${line}`);
    };
    await page.waitForSelector("#hardest:enabled");
    await paste(page, "#text", '<img src="x" onerror="document.title = 1"> Dull and awful.');
    await waitForText(page, "#words", /onerror.*awful/);
    await waitForText(page, "#verdict", /^Blame/);
    expect(await page.$$eval("#view img", (images) => images.length)).toBe(0);
    await look();

    await goTo(page, "Inside the cell");
    await waitForText(page, "section[aria-labelledby=unit-title] .word-labels", /dull.*awful/);
    await page.focus("[aria-label$='units over the words'] [role=gridcell]");
    await page.keyboard.press("End");
    await waitForText(page, "#cell-word", /^“awful”/);
    await look();

    await goTo(page, "Words");
    await waitForText(page, "#chosen-word", /^wonderful$/);
    await page.type("#word-search", "awful");
    await page.keyboard.press("Enter");
    await waitForText(page, "#chosen-word", /^awful$/);
    await look();

    await goTo(page, "Forecast");
    await waitForText(page, "#forecast-status", /^Ready: Seattle's weather/);
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
    // On a phone nothing is wider than the screen.
    await page.setViewport({ width: 390, height: 844 });
    for (const title of ["Ask it", "Inside the cell", "Words", "Forecast", "Bench", "Take it home", "Train"]) {
      await goTo(page, title);
      await page.waitForSelector("#view .panel");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > 390) found.push(`${title}: ${wide} px wide`);
    }
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
    expect(foreign).toEqual([]);
    await page.close();
  });

  test("two tabs train side by side, and each goes on by itself", async () => {
    const hash = `train?${SMALL_TRAINING}`;
    const first = await site.open({ hash });
    const tabs = [first, await site.open({ hash, beside: first.page })];
    for (const { page } of tabs) {
      await page.bringToFront();
      await startTraining(page);
    }
    const hashes: string[] = [];
    for (const { page, complaints } of tabs) {
      await page.bringToFront();
      hashes.push(await finishTraining(page));
      expect(complaints).toEqual([]);
      await page.close();
    }
    expect(hashes[0]).toBe(hashes[1]);
  });

  test("files of one's own: a table and a series are learnt from, a model is taken home and brought back", async () => {
    const { page, complaints, foreign } = await site.open({ hash: "train?epochs=1", prepare: keepDownloads });
    await page.waitForSelector("#start:enabled");
    const rows = Array.from({ length: 60 }, (_, n) =>
      JSON.stringify({ text: `film ${n}, as good as it gets`, label: n % 2 }),
    );
    await dropFile(page, "broken.jsonl", [...rows.slice(0, 2), '{"text": "no end', ...rows].join("\n"));
    await waitForText(
      page,
      ".notices",
      /broken\.jsonl, line 3 is not JSON: .*expected {"text": …, "label": …} on each line/,
    );
    await dropFile(page, "reviews.jsonl", rows.join("\n"));
    await waitForText(page, "#data", /reviews\.jsonl: 48 to learn from, 12 kept/);
    await startTraining(page);
    await finishTraining(page);

    await goTo(page, "Forecast");
    const wave = Array.from({ length: 200 }, (_, t) => `${t},${(50 + 20 * Math.sin(t / 2)).toFixed(3)}`);
    await chooseFile(page, "#series-file", "wave.csv", ["day,height", ...wave].join("\n"));
    await waitForText(page, "#forecast-status", /^Ready: wave\.csv, 200 rows/);
    await page.select("#series-column", "height");
    await waitForText(page, ".forecast-view figcaption", /^“height”/);
    await page.focus("#forecast-start");
    await page.keyboard.press("Enter");
    await waitForText(page, "#forecast-status", /^(Done|Stopped)/);
    await waitForText(page, "#forecast-verdict", /^The network (beats|does not beat) “the next row equals the last”/);

    await goTo(page, "Take it home");
    const zip = await downloaded(page, "#save-sluice", "model.zip");
    await chooseFile(page, "#bring", "model.zip", zip);
    await waitForText(page, "#brought", /^model\.zip is open/);
    await goTo(page, "Ask it");
    await paste(page, "#text", "A film as good as it gets.");
    await waitForText(page, "#verdict", /^(Praise|Blame|Undecided)/);
    expect(complaints).toEqual([]);
    expect(foreign).toEqual([]);
    await page.close();
  });

  test("without WebGPU it says which browsers have it, and shows a recorded run", async () => {
    const { page, complaints } = await site.open({ hash: "train", prepare: withoutWebGpu });
    await waitForText(page, ".notices", /Chrome or Edge \d+.*Safari.*Firefox/);
    await waitForText(page, "#state", /^A recorded run/);
    expect(complaints).toEqual([]);
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
