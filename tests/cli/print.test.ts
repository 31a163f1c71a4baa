import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { escapeControls, printError, printLine } from "../../src/cli/print.ts";
import { readSeries } from "../../src/cli/read_series.ts";

afterEach(() => vi.restoreAllMocks());

test("control characters are escaped, text is not", () => {
  const text = "café, 中文, 👍🏽, emoji\n\ttab";
  expect(escapeControls(text)).toBe(text);
  expect(escapeControls("\u001b[2J\u0007\r\u0000\u007f\u009b31m\u202e")).toBe(
    "\\u001b[2J\\u0007\\u000d\\u0000\\u007f\\u009b31m\\u202e",
  );
});

test("JSON keeps its meaning", () => {
  const value = { text: "a\u009b31m\u202e\u001b[0m\n" };
  expect(JSON.parse(escapeControls(JSON.stringify(value, null, 2)))).toEqual(value);
});

test("a CSV's header reaches the terminal without its escape sequences", () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const header = `date,\u001b]0;owned\u0007,${"x".repeat(500)},${"y,".repeat(500)}`;
  try {
    readSeries(`${header}\n1,2,3\n`, { name: "p\u001b[31m.csv", column: "price" });
  } catch (error) {
    printError((error as Error).message);
  }
  const [[printed]] = logged.mock.calls as [[string]];
  expect(printed).toMatch(/^--column "price": p\\u001b\[31m\.csv has no such column; its header has date, \\u001b\]0;/);
  expect(printed).not.toMatch(/\p{Cc}/u);
  expect(printed.length).toBeLessThan(400);
  expect(printed).toMatch(/ and 484 more$/);
});

test("an unexpected error is printed with its stack", () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
  printError(new TypeError("a \u001b[2J bug"));
  expect(logged.mock.calls[0]?.[0]).toMatch(/^TypeError: a \\u001b\[2J bug\n +at /);
});

test("lines go to standard output", () => {
  const logged = vi.spyOn(console, "log").mockImplementation(() => undefined);
  printLine("the\u001b[31m 0.41");
  expect(logged.mock.calls).toEqual([["the\\u001b[31m 0.41"]]);
});

test("the command line prints nothing in another way", () => {
  const folder = fileURLToPath(new URL("../../src/cli/", import.meta.url));
  const others = readdirSync(folder).filter((name) => name.endsWith(".ts") && name !== "print.ts");
  const direct = others.filter((name) => /console\.|std(out|err)\.write/.test(readFileSync(folder + name, "utf8")));
  expect(direct).toEqual([]);
});
