/** No line is longer than 120 columns: the formatter breaks code, but neither comments nor strings. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const COLUMNS = 120;
const FOLDERS = ["src", "shaders", "demo", "scripts", "tests"];
const FILES = /\.(ts|tsx|mjs|css|html|wgsl|py)$/;
const root = fileURLToPath(new URL("..", import.meta.url));

/** The lines that are too long, each with its length. */
function longLines(path: string): readonly string[] {
  return readFileSync(`${root}/${path}`, "utf8")
    .split("\n")
    .flatMap((line, index) =>
      [...line].length > COLUMNS ? [`${path}:${index + 1}: ${[...line].length} columns`] : [],
    );
}

/** All files that git knows or would add, but not the hidden ones that other tests make and remove. */
function sources(): readonly string[] {
  const options = ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...FOLDERS];
  return execFileSync("git", options, { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((path) => FILES.test(path) && !/\/\.[^/]*$/.test(path) && existsSync(`${root}/${path}`));
}

test("no line is longer than 120 columns", () => {
  const files = sources();
  expect(files.length).toBeGreaterThan(300);
  expect(files.flatMap(longLines)).toEqual([]);
});
