/**
 * Stands in for `vitest` where Vitest does not run: in Deno and in a browser's page, by an import map and an alias.
 * Test files are collected as cases; `expect` is Vitest's own.
 */
import { ChaiStyleAssertions, chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";
import type { ConformanceCase } from "../conformance/case.ts";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers, ChaiStyleAssertions]) chai.use(plugin);

/** Asserts as in Vitest. */
export const expect = Object.assign((value: unknown, message?: string) => chai.expect(value, message), {
  fail: (message: string): never => chai.expect.fail(message),
});

type Body = (...args: never[]) => unknown;

interface Suite {
  readonly name: string;
  readonly before: Body[];
}

/** The suites around the line that runs. */
const suites: Suite[] = [];
let collected: ConformanceCase[] = [];

/** Collects what a test file declares. */
export async function collect(name: string, load: () => Promise<unknown>): Promise<readonly ConformanceCase[]> {
  collected = [];
  suites.push({ name, before: [] });
  await load();
  suites.pop();
  return collected;
}

/** `%s`, `%i` and so on in a table's title are its row's values, as in Vitest. */
function titleOf(title: string, row: readonly unknown[]): string {
  let next = 0;
  return title.replace(/%[sidfjo]/g, () => {
    const value = row[next++];
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  });
}

function withTables(declare: (title: string, body: Body) => void) {
  const each =
    (rows: readonly unknown[]) =>
    (title: string, body: Body): void => {
      for (const row of rows) {
        const args = Array.isArray(row) ? row : [row];
        declare(titleOf(title, args), () => (body as (...all: unknown[]) => unknown)(...args));
      }
    };
  return Object.assign(declare, { each });
}

export const describe = withTables((name, body) => {
  suites.push({ name, before: [] });
  body();
  suites.pop();
});

export const it = withTables((name, body) => {
  const around = [...suites];
  collected.push({
    name: [...around.map((suite) => suite.name), name].join(" > "),
    run: async () => {
      for (const { before } of around) for (const prepare of before.splice(0)) await prepare();
      await body();
    },
  });
});

export const test = it;

export function beforeAll(prepare: Body): void {
  suites.at(-1)?.before.push(prepare);
}
