/** The API reference: every entry of the package is in it, and every public name has a comment. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

test("the reference covers the package's entries", () => {
  const { entryPoints } = JSON.parse(readFileSync(join(root, "scripts/docs/typedoc.json"), "utf8")) as {
    readonly entryPoints: readonly string[];
  };
  const types = Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? [] : [entry.types]));
  const sources = types.map((path) => path.replace("./dist/", "../../src/").replace(".d.ts", ".ts"));
  expect([...entryPoints].sort()).toEqual(sources.sort());
});

test("every public name has a comment, and the reference is built without a warning", async () => {
  const options = ["--emit", "none", "--logLevel", "Warn", "--disableSources"]; // links to sources need a git remote
  const words = ["exec", "--workspace", "scripts/docs", "--", "typedoc", ...options];
  const { stdout, stderr } = await run("npm", words, { cwd: root }).catch(
    (failed: { readonly stdout: string; readonly stderr: string }) => failed,
  );
  const warnings = (stdout + stderr).split("\n").filter((line) => line.includes("warning") || line.includes("error"));
  // Names that only public types mention stand under <internal>.
  expect(warnings.filter((line) => !line.includes("<internal>") && !/Found \d+ errors/.test(line))).toEqual([]);
});
