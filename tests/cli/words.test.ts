/** `sluice words` as a user's shell runs it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sentences } from "../../src/data/sentences.ts";
import { readWordVectors } from "../../src/embed/index.ts";
import { sluice } from "./command.ts";

const cwd = mkdtempSync(join(tmpdir(), "sluice-words-"));
afterAll(() => rmSync(cwd, { recursive: true }));

test("words: trains on lines of text, shows the nearest words, and saves them", { timeout: 120_000 }, async () => {
  const { texts } = await sentences.load();
  writeFileSync(join(cwd, "texts.txt"), texts.train.join("\n"));
  const options = ["--epochs", "2", "--vector-size", "16", "--watch", "food,phone,zyzzyva", "--out", "words.txt"];
  const { status, stdout, stderr } = await sluice(["words", "--texts", "texts.txt", ...options], { cwd });
  expect({ status, stderr: stderr.replace(/^Warning: .*\n/gm, "") }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^2400 training texts\n/);
  expect(stdout).toMatch(
    /epoch 2\/2, 100% {2}loss \d\.\d{4} {2}\d+ words\/s\n {2}food: (\S+ -?\d\.\d\d(, )?){10}\n {2}phone: /,
  );
  expect(stdout).toContain("\n  not in the vocabulary (--min-count 10): zyzzyva\n");
  const { vectors } = await readWordVectors(join(cwd, "words.txt"));
  expect(stdout).toContain(`${vectors.size} words, 16 numbers each, in `);
  expect(vectors.has("food")).toBe(true);
});

test("words: what cannot be read is told before anything is trained", { timeout: 60_000 }, async () => {
  const { status, stderr } = await sluice(["words", "--texts", "lost.txt"], { cwd });
  expect(status).toBe(2);
  expect(stderr).toContain("--texts lost.txt: there is no such file; expected a file with one text in each line");
});
