/**
 * Saves in real browsers: in the page and in a worker, with a full quota, an eviction, a terminated worker, a reload in
 * mid-save and two tabs. SLUICE_BROWSER_KILLS says how many kills of each kind.
 */
import type { Browser, Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BrowserName, findBrowser, launchBrowser } from "../../../src/cli/launch_browser.ts";
import { type PageServer, servePages } from "../../platform/page_server.ts";
import { isWanted } from "../../platform/runtimes.ts";
import { tally } from "../../support/tally.ts";
import { ROUNDS, runRounds } from "../concurrent_saves/rounds.ts";
import type { SavingPage } from "./page.ts";

/** In the page. */
declare const window: { readonly page: SavingPage };

const kills = Number(process.env.SLUICE_BROWSER_KILLS ?? 4);
const timeout = 60_000 + 5_000 * kills;
/** Prime to the time that a save takes, so that kills fall everywhere. */
const delayOf = (kill: number): number => (kill * 17.3) % 97;

let server: PageServer;
beforeAll(async () => {
  server = await servePages();
});
afterAll(() => server?.close());

for (const name of ["chromium", "firefox"] as const satisfies readonly BrowserName[]) {
  const isThere = isWanted(name) && (await findBrowser(name)) !== undefined;
  if (!isThere) console.warn(`SKIPPED: saves in ${name}: it is not installed, or SLUICE_RUNTIMES leaves it out`);

  describe.runIf(isThere)(`saves in ${name}`, () => {
    let browser: Browser;
    let page: Page;
    beforeAll(async () => {
      browser = await launchBrowser(name);
      page = await open();
    });
    afterAll(() => browser?.close());

    async function open(): Promise<Page> {
      const opened = await browser.newPage();
      await opened.goto(`${server.url}tests/io/browser_saves/page.html`, { timeout: 60_000 });
      await ready(opened);
      return opened;
    }
    const ready = (opened: Page) => opened.waitForFunction(() => window.page !== undefined, { timeout: 60_000 });
    const save = (key: string, value: number, where = page) =>
      where.evaluate((k, v) => window.page.save(k, v), key, value);
    const load = (key: string, where = page) => where.evaluate((k) => window.page.load(k), key);

    test("the page and a worker read each other's saves", async () => {
      expect(await save("first", 1)).toBeUndefined();
      expect(await page.evaluate(() => window.page.inWorker("load", "first"))).toBe(1);
      expect(await page.evaluate(() => window.page.inWorker("save", "first", 2))).toBeUndefined();
      expect(await load("first")).toBe(2);
      expect(await save("../second ü", 3)).toBeUndefined();
      expect(await page.evaluate(() => window.page.names())).toEqual(["../second ü", "first"]);
      await page.evaluate(() => window.page.remove("../second ü"));
      expect(await load("../second ü")).toMatch(/is not in this browser/);
      await page.reload();
      await ready(page);
      expect(await load("first")).toBe(2);
    });

    test(`${kills} workers terminated in mid-save leave whole saves`, { timeout }, async () => {
      for (let kill = 0; kill < kills; kill++) {
        const told = await page.evaluate((delay) => window.page.terminateInSave("killed", delay), delayOf(kill));
        const loaded = await load("killed");
        expect(loaded).toBeTypeOf("number");
        expect(loaded, "what it told last, or what it saved later").toBeGreaterThanOrEqual(Number(told));
      }
      tally({ what: `workers terminated in mid-save in ${name}`, tried: kills, lost: 0 });
    });

    test(`${kills} reloads in mid-save leave whole saves`, { timeout }, async () => {
      for (let kill = 0; kill < kills; kill++) {
        await page.evaluate(() => window.page.start("reloaded"));
        await page.waitForFunction(() => window.page.saved > 0);
        await new Promise((resolve) => setTimeout(resolve, delayOf(kill)));
        const told = await page.evaluate(() => window.page.saved);
        await page.reload();
        await ready(page);
        const loaded = await load("reloaded");
        expect(loaded).toBeTypeOf("number");
        expect(loaded).toBeGreaterThanOrEqual(told);
      }
      tally({ what: `reloads in mid-save in ${name}`, tried: kills, lost: 0 });
    });

    test("two tabs that save under one name wait for each other", async () => {
      const other = await open();
      try {
        const [one, two] = await Promise.all(
          [page, other].map((where, tab) =>
            where.evaluate(
              async (first) => {
                const seen: unknown[] = [];
                for (let round = 0; round < 6; round++) {
                  seen.push(await window.page.save("shared", first + round), await window.page.load("shared"));
                }
                return seen;
              },
              10 + 100 * tab,
            ),
          ),
        );
        for (const seen of [one, two]) {
          expect(seen?.filter((_, index) => index % 2 === 0)).toSatisfy(
            (errors: unknown[]) => errors.length === 6 && errors.every((error) => error == null),
          );
          for (const value of seen?.filter((_, index) => index % 2 === 1) ?? [])
            expect(value).toBeGreaterThanOrEqual(10);
        }
        expect([15, 115]).toContain(await load("shared"));
      } finally {
        await other.close();
      }
    });

    describe(`${ROUNDS} rounds of saves at once leave a save each`, () => {
      let other: Page;
      beforeAll(async () => {
        other = await open();
      });
      afterAll(() => other?.close());
      const told = (error: unknown) => {
        // Puppeteer has null for undefined.
        if (error != null) throw new Error(String(error));
      };
      const saveInWorker = async (key: string, value: number) =>
        other.evaluate((k, v) => window.page.saveInWorker(k, v), key, value);
      const kinds: Record<string, (key: string, one: number, two: number) => Promise<unknown[]>> = {
        "two tabs": (key, one, two) => Promise.all([save(key, one), save(key, two, other)]),
        "a tab and another's worker": (key, one, two) => Promise.all([save(key, one), saveInWorker(key, two)]),
        "saves that are not awaited": async (key, one, two) => [
          await page.evaluate((k, a, b) => window.page.saveTwice(k, a, b), key, one, two),
        ],
      };
      test.each(Object.entries(kinds))("%s", { timeout: 60_000 + 1_000 * ROUNDS }, async (kind, saveBoth) => {
        const problems = await runRounds({
          what: `saves at once in ${name}, ${kind}`,
          save: async (one, two) => {
            for (const error of await saveBoth(kind, one, two)) told(error);
          },
          load: async () => {
            const value = await load(kind);
            if (typeof value === "number") return value;
            throw new Error(value);
          },
        });
        expect(problems).toEqual([]);
      });
    });

    test.runIf(name === "chromium")(
      "a full quota, before a save and in it, leaves the old save and names the bytes",
      async () => {
        const devtools = await page.createCDPSession();
        const { origin } = new URL(server.url);
        const limit = (quotaSize?: number) =>
          devtools.send("Storage.overrideQuotaForOrigin", { origin, ...(quotaSize !== undefined && { quotaSize }) });
        const usage = () => page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
        try {
          const inWorker = () => page.evaluate(() => window.page.inWorker("save", "quota", 6));
          const full = /^FileError: cannot write the save "quota": it needs 1200000 bytes.*is full/;
          expect(await save("quota", 5)).toBeUndefined();
          for (const [what, room] of Object.entries({ none: 0, before: 1, "in it": (await usage()) + 700_000 })) {
            await limit(room);
            expect(await inWorker(), what).toMatch(full);
            // To a page's stream Chromium grants everything under a quota of 0, and nothing under 1.
            if (room > 0) expect(await save("quota", 6), what).toMatch(full);
            expect(await load("quota"), what).toBe(5);
          }
          await limit();
          expect(await inWorker()).toBeUndefined();
          expect(await load("quota")).toBe(6);
        } finally {
          await limit();
        }
      },
    );

    test.runIf(name === "chromium")("an eviction is told, and the next save works", async () => {
      const devtools = await page.createCDPSession();
      expect(await save("evicted", 5)).toBeUndefined();
      await devtools.send("Storage.clearDataForOrigin", { origin: new URL(server.url).origin, storageTypes: "all" });
      expect(await load("evicted")).toMatch(
        /^FileError: the save "evicted" is not in this browser: it was there before/,
      );
      expect(await page.evaluate(() => window.page.names())).toEqual([]);
      expect(await save("evicted", 6)).toBeUndefined();
      expect(await load("evicted")).toBe(6);
    });
  });
}
