/** What the build makes of the engine's imports on demand: one module for each folder. */
import { expect, test } from "vitest";
import { exportsOf } from "../../scripts/on_demand_modules.ts";

const file = (path: string, ...lines: readonly string[]) => ({ path, text: lines.join("\n") });

test("exports each thing once, whoever imports it", () => {
  const text = exportsOf([
    file("/src/nn/a/x.ts", 'const { first, second } = await import("../b/y.ts");'),
    file(
      "/src/nn/b/z.ts",
      '  const { second } = await import("./y.ts");',
      '  const { third } = await import("./w.ts");',
    ),
  ]);
  expect(text.split("\n")).toEqual([
    'export { first } from "/src/nn/b/y.ts";',
    'export { second } from "/src/nn/b/y.ts";',
    'export { third } from "/src/nn/b/w.ts";',
  ]);
});

test("refuses what would be a file of its own, and two things of one name", () => {
  expect(() => exportsOf([file("/x.ts", 'const y = (await import("./y.ts")).y;')])).toThrow(
    /x\.ts: an import\(\) is not/,
  );
  const same = ["./a.ts", "./b.ts"].map((from) => file("/x.ts", `const { one } = await import("${from}");`));
  expect(() => exportsOf(same)).toThrow("one of /b.ts has the name of another in /a.ts");
});
