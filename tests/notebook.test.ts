/** notebooks/rnn.ipynb, run in Deno cell by cell: what it prints and shows; it holds a real run. Needs dist/. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { runDeno } from "../src/cli/run_deno.ts";

const folder = new URL("../notebooks/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), "utf8");

interface Output {
  readonly output_type: string;
  readonly text?: readonly string[];
  readonly data?: Readonly<Record<string, string>>;
}

const cells: readonly { readonly outputs: readonly Output[]; readonly execution_count: number }[] = JSON.parse(
  read("rnn.ipynb"),
).cells.filter(({ cell_type }: { cell_type: string }) => cell_type === "code");
let came: readonly (readonly Output[])[];

beforeAll(async () => {
  const lines: string[] = [];
  const status = await runDeno(fileURLToPath(new URL("run.ts", folder)), {
    cwd: fileURLToPath(folder),
    permissions: ["--allow-all"],
    env: { SLUICE_IMDB: "" }, // always on the embedded sentences
    onLine: (line) => lines.push(line),
    onErrorLine: (line) => lines.push(line),
  });
  expect(status, lines.join("\n")).toBe(0);
  came = lines.filter((line) => line.startsWith("[")).map((line) => JSON.parse(line));
});

const textOf = (outputs: readonly (readonly Output[])[]) => outputs.flat().flatMap(({ text = [] }) => text);
const picturesOf = (outputs: readonly (readonly Output[])[]) =>
  outputs.flat().flatMap(({ data }) => data?.["image/svg+xml"] ?? []);

test("the loops by hand give the layers' numbers", () => {
  const differences = textOf(came).flatMap((line) => /ours differ by (\S+) at most/.exec(line)?.[1] ?? []);
  expect(differences).toHaveLength(2);
  for (const difference of differences) expect(Number(difference)).toBeLessThan(1e-5);
});

test("the model learns, and judges new reviews", () => {
  const text = textOf(came).join("");
  expect(Number(/right on ([\d.]+)% of/.exec(text)?.[1])).toBeGreaterThan(72);
  const [good = 0, bad = 100] = [...text.matchAll(/(\d+)% positive/g)].map(([, percent]) => Number(percent));
  expect(good).toBeGreaterThan(60);
  expect(bad).toBeLessThan(40);
});

test("the exercise's solution is near or better than its baseline", () => {
  const [, network, naive] =
    /network ([\d.]+) °C off, "tomorrow equals today" ([\d.]+)/.exec(textOf(came).join("")) ?? [];
  expect(Number(naive)).toBe(3.06);
  expect(Number(network)).toBeLessThan(1.03 * Number(naive));
});

test("the pictures are SVG without holes", () => {
  const pictures = picturesOf(came);
  expect(pictures).toHaveLength(7);
  for (const picture of pictures) {
    expect(picture).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" .*<\/svg>$/s);
    expect(picture).not.toMatch(/NaN|undefined|Infinity/);
  }
});

test("the file holds the outputs of such a run", () => {
  expect(cells.map(({ execution_count }) => execution_count)).toEqual(cells.map((_, index) => index + 1));
  const kinds = (outputs: readonly (readonly Output[])[]) => outputs.map((all) => all.map((each) => each.output_type));
  const saved = cells.map(({ outputs }) => outputs);
  expect(kinds(saved)).toEqual(kinds(came));
  // What no adapter changes.
  expect(picturesOf(saved).at(-2)).toBe(picturesOf(came).at(-2));
});

test("its import map names the package's entries", () => {
  const { imports } = JSON.parse(read("deno.json"));
  const entries = Object.entries(manifest.exports).flatMap(([entry, files]) =>
    typeof files === "string" || entry === "./node"
      ? []
      : [[entry.replace(".", manifest.name), files.default.replace("./", "../")]],
  );
  expect(imports).toEqual(Object.fromEntries(entries));
});
