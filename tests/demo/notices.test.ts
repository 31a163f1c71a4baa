/** THIRD_PARTY_NOTICES.txt of the package and of the page: what their source maps name has its licence there. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { builtPage } from "./harness.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The packages of which a folder's source maps name modules, as the notices title them. */
function bundledIn(folder: string): readonly string[] {
  const maps = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js.map"));
  const sources = maps.flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")).sources as string[]);
  const titles = sources.flatMap((source) => {
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? [];
    if (name === undefined) return [];
    const { version } = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8"));
    return [`${name} ${version}`];
  });
  return [...new Set(titles)].sort();
}

const PLACES = [
  {
    name: "the package",
    folderOf: async () => join(root, "dist"),
    least: ["csv-parse", "d3-scale"],
  },
  { name: "the page", folderOf: builtPage, least: ["preact", "uplot", "@tensorflow/tfjs-layers"] },
];

test.each(PLACES)("$name has the licences of all that is bundled", async ({ folderOf, least }) => {
  const folder = await folderOf();
  const notices = readFileSync(join(folder, "THIRD_PARTY_NOTICES.txt"), "utf8").split(/^={80}$/m);
  const titles = notices.flatMap((part, index) => (index % 2 === 1 ? [part.trim()] : []));
  const texts = new Map(titles.map((title, index) => [title.replace(/ \(.*\)$/, ""), notices[2 * index + 2] ?? ""]));
  const bundled = bundledIn(folder);
  expect(bundled.filter((title) => !texts.has(title))).toEqual([]);
  for (const name of least)
    expect(
      bundled.some((title) => title.startsWith(name)),
      name,
    ).toBe(true);
  for (const [title, text] of texts) expect(text, title).toMatch(/licen[cs]e|permission|public domain/i);
  expect(texts.get("data: seattle_weather")).toContain("NOAA");
  expect(texts.get("data: sentences")).toMatch(/Kotzias[\s\S]*Creative Commons Attribution 4\.0 International/);
});
