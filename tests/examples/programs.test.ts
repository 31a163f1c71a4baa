/** The small programs of examples/, run as a user runs them: in the installed package. Needs a built dist/. */
import { execFile } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build as viteBuild } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, launchBrowser } from "../../src/cli/launch_browser.ts";
import { serveFiles } from "../../src/cli/static_server.ts";
import { installPackage } from "../package/installed.ts";

const run = promisify(execFile);
const examples = fileURLToPath(new URL("../../examples", import.meta.url));
const chromium = await findBrowser("chromium");

describe("examples", () => {
  let home: string;

  beforeAll(async () => {
    ({ home } = await installPackage());
    cpSync(examples, join(home, "examples"), { recursive: true });
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  /** The lines that a program prints. */
  async function linesOf(program: string): Promise<string[]> {
    const { stdout } = await run(process.execPath, [join("examples", program)], { cwd: home });
    return stdout.trim().split("\n");
  }

  /** The number behind a word of a line. */
  function numberAfter(word: string, line: string | undefined): number {
    return Number(new RegExp(`${word} (-?[\\d.]+)`).exec(line ?? "")?.[1]);
  }

  test("each program has at most 40 lines, and a row in the README", () => {
    const readme = readFileSync(join(examples, "README.md"), "utf8");
    const files = readdirSync(examples).filter((name) => name.endsWith(".mjs"));
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const name of [...files, "search_worker/worker.js", "search_worker/page.js"]) {
      const lines = readFileSync(join(examples, name), "utf8").trimEnd().split("\n").length;
      expect(lines, name).toBeLessThanOrEqual(40);
      expect(readme, name).toContain(name.replace("page.js", "worker.js"));
    }
  });

  test("classify_csv.mjs tells three classes apart", async () => {
    const lines = await linesOf("classify_csv.mjs");
    expect(lines[0]).toBe("cooking, sport, weather");
    expect(
      numberAfter(
        "accuracy +",
        lines.find((line) => line.includes("accuracy")),
      ),
    ).toBeGreaterThan(0.85);
    expect(lines.at(-1)).toMatch(/^weather /);
  });

  test("forecast_two_columns.mjs forecasts both columns in their units", async () => {
    const [error, forecast] = await linesOf("forecast_two_columns.mjs");
    expect(numberAfter("error:", error)).toBeLessThan(0.25);
    // The series' own values on the first forecast day of the last window, day 797.
    const year = (2 * Math.PI * 797) / 365;
    const temperature = 10 - 9 * Math.cos(year - 0.4) + 2 * Math.sin(1.7 * 797);
    expect(Math.abs(numberAfter("window:", forecast) - temperature)).toBeLessThan(2.5);
    expect(Math.abs(numberAfter("°C,", forecast) - (12 - 4 * Math.cos(year)))).toBeLessThan(0.7);
  });

  test("tag_words.mjs tags a sentence word by word", async () => {
    const lines = await linesOf("tag_words.mjs");
    expect(lines).toEqual(["a O", "large SIZE", "soup DISH", "for O", "two O", "people O"]);
  });

  test("keras_port.mjs learns as Keras's program does", async () => {
    const [scores, verdict] = await linesOf("keras_port.mjs");
    expect(numberAfter("accuracy", scores)).toBeGreaterThan(0.65);
    expect(numberAfter("val_accuracy", scores)).toBeGreaterThan(0.55);
    expect(verdict).toBe("the first text is the more positive one");
  });

  // CI installs Chromium: without it this fails there.
  test.skipIf(!process.env.CI && chromium === undefined)("search_worker/ finds documents in Chromium", async () => {
    const root = join(home, "examples/search_worker");
    await viteBuild({ root, configFile: false, base: "./", logLevel: "error", worker: { format: "es" } });
    const server = await serveFiles({ "/": join(root, "dist") });
    const browser = await launchBrowser("chromium");
    try {
      const page = await browser.newPage();
      const found = () => page.$$eval("li", (items) => items.map(({ textContent }) => textContent ?? ""));
      await page.goto(`${server.url}index.html`);
      await expect
        .poll(found, { timeout: 60_000 })
        .toEqual(Array(3).fill(expect.stringMatching(/\b(rain|coast|snow|hail|storm)\b/i)));
      await page.click("input", { count: 3 });
      await page.type("input", "how long to bake a pie");
      await expect.poll(found, { timeout: 60_000 }).toEqual(Array(3).fill(expect.stringMatching(/^Bake/)));
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
