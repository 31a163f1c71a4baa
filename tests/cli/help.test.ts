/** Help and mistyped commands, as built. Needs dist/ (`npm test` sees to that). */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { sluice } from "./command.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = (...words: string[]) => sluice(words, { cwd: tmpdir(), variables: { NO_COLOR: "1" } });

test.each([["--help"], ["-h"], ["help"]])("sluice %s lists the commands", async (word) => {
  const { status, stdout } = await run(word);
  expect(status).toBe(0);
  for (const name of ["train", "predict", "forecast", "words", "neighbours", "bench"]) {
    expect(stdout).toMatch(new RegExp(`^ {2}sluice ${name} `, "m"));
  }
  expect(stdout).toContain("`sluice help COMMAND`");
  expect(stdout).not.toContain("\u001b");
});

test("three ways to the help of a command; no command is status 2", async () => {
  const texts = [await run("help", "train"), await run("train", "--help"), await run("train", "-h", "--epochs")];
  expect(texts.map(({ status }) => status)).toEqual([0, 0, 0]);
  expect(new Set(texts.map(({ stdout }) => stdout)).size).toBe(1);
  expect(texts[0]?.stdout).toMatch(/^ {2}--csv FILE/m);
  expect(await run()).toMatchObject({ status: 2, stdout: expect.stringContaining("sluice train") });
});

test("-v and --version say the version", async () => {
  const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  for (const word of ["-v", "--version"]) expect(await run(word)).toMatchObject({ status: 0, stdout: `${version}\n` });
});

test.each([
  [
    ["trian"],
    'unknown command "trian"; expected train, predict, forecast, words, neighbours or bench: did you mean train?',
  ],
  [["help", "forcast"], "did you mean forecast?"],
  [["fly"], "neighbours or bench: see `sluice --help`"],
  [["train", "--epohcs", "3"], "unknown option --epohcs; did you mean --epochs? `sluice train --help` lists them"],
])("%j: one line suggests what was meant", async (words, message) => {
  const { status, stderr } = await run(...words);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^sluice: [^\n]*\n$/);
  expect(stderr).toContain(message);
});

test("the script behind npm run train installs nothing for help", async () => {
  // Without a PATH and a driver the set-up would fail, or install.
  const env = { ...process.env, PATH: "/nowhere", VK_DRIVER_FILES: "/nowhere.json", LD_LIBRARY_PATH: "/nowhere" };
  const options = { cwd: root, env };
  const { stdout } = await promisify(execFile)(process.execPath, ["scripts/cli.mjs", "help", "train"], options);
  expect(stdout).toMatch(/^ {2}sluice train/);
});
