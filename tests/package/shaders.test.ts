/** The shaders that the package carries say what those in shaders/ say, on the same lines. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

import { codeOf, type ShaderFeature, specialise } from "../../src/kernels/wgsl/specialise.ts";

const folder = fileURLToPath(new URL("../../shaders/", import.meta.url));
const shaders = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".wgsl"))
  .map((name) => ({ name, source: readFileSync(folder + name, "utf8") }));

/** The code alone, whatever the blank lines. */
const essence = (source: string) =>
  source
    .replace(/\/\/.*$/gm, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");

describe("the shaders of the package", () => {
  test.each(shaders)("$name: the same code on the same lines", ({ source }) => {
    const minified = codeOf(source);
    expect(minified.length).toBeLessThan(source.length);
    const lines = source.split("\n");
    const kept = minified.split("\n");
    expect(kept.length).toBe(lines.length);
    // Code is what it was; what is gone is an indent or a comment.
    const changed = kept.filter((line, at) => {
      const before = lines[at]?.trimStart() ?? "";
      return !before.startsWith(line) || !/^\s*(\/\/.*)?$/.test(before.slice(line.length));
    });
    expect(changed).toEqual([]);
  });

  test.each(shaders)("$name: specialised, with an adapter's features and without", ({ source }) => {
    const features: ShaderFeature[][] = [[], ["subgroups"]];
    for (const each of features) {
      expect(essence(specialise(codeOf(source), {}, each))).toBe(essence(specialise(source, {}, each)));
    }
  });

  test("keeps the marks that kernels read, and drops what follows them", () => {
    const source =
      "  // @unroll (rows)\n  // @with(subgroups) let a = 1u; // why\n  let a = 2u; // @without(subgroups)\n  size: u32, // @each\n";
    expect(codeOf(source)).toBe(
      "// @unroll (rows)\n// @with(subgroups) let a = 1u;\nlet a = 2u; // @without(subgroups)\nsize: u32, // @each\n",
    );
  });
});
