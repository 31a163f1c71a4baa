/** `sluice forecast` as built, on a small model. Needs dist/ (`npm test` sees to that). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { forecastRecord } from "../../src/cli/forecast_report.ts";
import { findBrowser } from "../../src/cli/launch_browser.ts";
import { type CommandResult, sluice } from "./command.ts";

type ForecastRecord = ReturnType<typeof forecastRecord>;

const SMALL = ["--window", "8", "--layers", "2", "--units", "8", "--limit", "200", "--batch-size", "16"];

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "sluice-forecast-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const forecast = (name: string, ...words: readonly string[]): Promise<CommandResult> =>
  sluice(["forecast", "--out", name, "--json", `${name}.json`, ...words], { cwd: home });
const read = (path: string): string => readFileSync(join(home, path), "utf8");
const record = (name: string): ForecastRecord => JSON.parse(read(`${name}.json`)) as ForecastRecord;

describe("in Node", () => {
  let result: CommandResult;
  beforeAll(async () => {
    result = await forecast("first", ...SMALL, "--epochs", "2");
    expect(result.stderr.replace(/^Warning: max\w+ artificially.*\n/gm, "")).toBe("");
    expect(result.status).toBe(0);
  });

  test("it says what it read, how it went, and what the forecast is worth", () => {
    for (const part of [
      "Daily weather in Seattle from NOAA",
      '"temp_max" of seattle-weather.csv: 200 rows, 2015-06-15 to 2015-12-31',
      "152 windows of 8 rows to train on, 40 held out, 2015-11-22 to 2015-12-31",
      "Total params",
      "epoch 2/2: loss",
      "tomorrow equals today",
      "mean of the last 5 rows",
      "Done in",
    ])
      expect(result.stdout).toContain(part);
    const { beatsNaive } = record("first");
    expect(result.stdout).toContain(beatsNaive ? "The network beats" : "The network does NOT beat");
  });

  test("CSV and JSON tell the same", () => {
    const [header, ...lines] = read("first/forecast.csv").trim().split("\n");
    expect(header).toBe("date,actual,forecast,naive,average");
    const rows = lines.map((line) => line.split(",").slice(1).map(Number) as [number, number, number, number]);
    expect(rows).toHaveLength(40);
    const rmse = (column: 1 | 2 | 3) =>
      Math.sqrt(rows.reduce((sum, row) => sum + (row[column] - row[0]) ** 2, 0) / rows.length);
    const { scores, data, options, epochs, weightsSha256 } = record("first");
    expect(scores.network.rmse).toBeCloseTo(rmse(1), 3);
    expect(scores.naive.rmse).toBeCloseTo(rmse(2), 3);
    expect(scores.average.rmse).toBeCloseTo(rmse(3), 3);
    // Each day's naive forecast is the value of the day before.
    expect(rows.slice(1).map(([, , naive]) => naive)).toEqual(rows.slice(0, -1).map(([actual]) => actual));
    expect(data).toMatchObject({
      rows: 200,
      trained: { rows: 160 },
      heldOut: { rows: 40, first: { date: "2015-11-22" } },
    });
    expect(options).toMatchObject({ window: 8, layers: 2, units: 8, seed: 7 });
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(weightsSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(read("first/forecast.svg")).toMatch(/^<svg [^>]*>.*<\/svg>\n$/s);
  });

  test("stopped by Ctrl-C and resumed, it ends as if never stopped", async () => {
    const words = [...SMALL, "--epochs", "40"];
    await forecast("whole", ...words);
    const stopped = await sluice(["forecast", "--out", "part", ...words], { cwd: home, interruptAt: "epoch 1/40" });
    expect(stopped).toMatchObject({ status: 130, stdout: expect.stringContaining("continue with --resume part") });
    expect(stopped.stdout).not.toContain("epoch 40/40");
    const resumed = await sluice(["forecast", "--resume", "part", "--json", "part.json"], { cwd: home });
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(record("part").weightsSha256).toBe(record("whole").weightsSha256);
    expect(read("part/forecast.csv")).toBe(read("whole/forecast.csv"));
  });

  test("any CSV will do; a wave that only repeats itself is learnt better than by copying", async () => {
    const rows = Array.from({ length: 300 }, (_, row) => `${row};${(5 + Math.sin(row / 3)).toFixed(5)}`);
    writeFileSync(join(home, "wave.csv"), `t;height\n${rows.join("\n")}\n`);
    const words = ["--csv", "wave.csv", "--column", "height", "--window", "12", "--layers", "1", "--units", "16"];
    const more = [
      "--dropout",
      "0",
      "--epochs",
      "12",
      "--learning-rate",
      "0.01",
      "--forecasts",
      "w.csv",
      "--svg",
      "w.svg",
    ];
    const { status, stdout, stderr } = await forecast("wave", ...words, ...more);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('The network beats "tomorrow equals today"');
    expect(record("wave")).toMatchObject({ beatsNaive: true, data: { file: "wave.csv", column: "height" } });
    expect(record("wave").scores.network.direction).toBeGreaterThan(0.9);
    expect(read("w.csv")).toMatch(/^row,actual/);
    expect(read("w.svg")).toContain("height of wave.csv");
  });

  test.each([
    [["--csv", "none.csv", "--column", "a"], 2, /--csv none\.csv: there is no such file; expected a CSV file/],
    [["--csv", ".", "--column", "a"], 2, /--csv \.: it is a directory/],
    [["--csv", "bad.csv", "--column", "b"], 2, /--column "b": bad\.csv has no such column; its header has date, a/],
    [["--csv", "bad.csv", "--column", "a"], 1, /bad\.csv, line 3: column "a" is "x"; expected a number/],
    [["--limit", "30"], 2, /the series has 30 rows, 24 of them for training; --window 30 and --ahead 1 need 31/],
    [["--forecasts", "."], 2, /--forecasts \.: it is a directory/],
    [["--resume", "none"], 2, /--resume none: there is no model\.json/],
    [["--resume", "first", "--units", "9"], 2, /--units is 9, but the training run in first has 8/],
    [["--resume", "first", "--column", "wind"], 2, /--column is wind, but the training run in first has not set/],
    [["--resume", "first", "--epochs", "1"], 2, /expected at least as many/],
  ] as const)("%j is refused in one line", async (words, status, message) => {
    writeFileSync(join(home, "bad.csv"), "date,a\n2020-01-01,1\n2020-01-02,x\n");
    const { stderr, status: came } = await sluice(["forecast", ...words], { cwd: home });
    expect(stderr).toMatch(/^sluice: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect(came).toBe(status);
  });
});

test("in Deno, the same to the last digits that two compilers share", async () => {
  const { status, stderr } = await forecast("deno", ...SMALL, "--epochs", "2", "--runtime", "deno");
  expect(status, stderr).toBe(0);
  expect(record("deno").runtime.name).toBe("deno");
  expect(record("deno").scores.network.rmse).toBeCloseTo(record("first").scores.network.rmse, 1);
});

test("in Chromium", async () => {
  if ((await findBrowser("chromium")) === undefined) throw new Error("Chromium is missing: `npm run setup` brings it");
  const { status, stderr } = await forecast("page", ...SMALL, "--epochs", "2", "--runtime", "chromium");
  expect(status, stderr).toBe(0);
  expect(record("page").runtime.name).toBe("chromium");
  expect(record("page").scores.network.rmse).toBeCloseTo(record("first").scores.network.rmse, 1);
});
