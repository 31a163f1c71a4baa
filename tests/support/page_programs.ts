/** The programs that a page of the documentation shows: its TypeScript blocks, in order. */
import { readFileSync } from "node:fs";
import { format } from "node:util";
import { expect, vi } from "vitest";

/** A fenced block of a page. */
export interface Block {
  /** The line on which it begins, from 1. */
  readonly line: number;
  /** What stands behind the fence, such as "ts". */
  readonly info: string;
  readonly code: string;
}

/** The fenced blocks of a page of Markdown. */
export function blocksOf(page: URL): Block[] {
  const markdown = readFileSync(page, "utf8");
  return Array.from(markdown.matchAll(/^```([^\n]*)\n(.*?)^```$/gms), (match) => ({
    line: markdown.slice(0, match.index).split("\n").length,
    info: match[1] ?? "",
    code: match[2] ?? "",
  }));
}

/** The `ts` blocks of a page as one program. */
export function programOf(page: URL): string {
  return blocksOf(page)
    .filter(({ info }) => info === "ts")
    .map(({ code }) => code)
    .join("\n");
}

/**
 * The same program, in which each `// -> text`, behind a statement or on a line of its own, calls `checkPrinted`, which
 * compares the text with what was printed last.
 */
export function checkedProgramOf(page: URL): string {
  return blocksOf(page)
    .filter(({ info }) => info === "ts")
    .flatMap(({ code, line }) =>
      code.split("\n").map((text, index) => {
        const [, statement = text, expected] = /^(.*?)\s*\/\/ -> (.*)$/.exec(text) ?? [];
        if (expected === undefined) return text;
        return `${statement} (globalThis as any).checkPrinted(${line + index + 1}, ${JSON.stringify(expected)});`;
      }),
    )
    .join("\n");
}

/** What running a page's program printed, a line for each `console.log`, and how many of them were compared. */
export async function runPage(page: URL, load: (program: string) => Promise<unknown>) {
  const printed: string[] = [];
  let checks = 0;
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    printed.push(format(...values));
  });
  vi.stubGlobal("checkPrinted", (line: number, expected: string) => {
    checks++;
    expect(printed.at(-1), `${page.pathname}, line ${line}`).toBe(expected);
  });
  try {
    await load(checkedProgramOf(page));
  } finally {
    log.mockRestore();
    vi.unstubAllGlobals();
  }
  return { printed, checks };
}
