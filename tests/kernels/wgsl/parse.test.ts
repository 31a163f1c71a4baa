/** The parser, beside another one, over every file of shaders/; and what it refuses. */
import { describe, expect, test } from "vitest";
import { parseShader } from "../../../src/kernels/wgsl/parse.ts";
import { evaluate } from "../../../src/kernels/wgsl/printer.ts";
import type { ConstantDeclaration, Declaration } from "../../../src/kernels/wgsl/template.ts";
import { reflect } from "./reflect.ts";
import { SHADER_FILES } from "./shader_files.ts";

/** The declarations that a file has as it stands: for adapters without features. */
const asItStands = ({ when }: Declaration) => when === undefined || when.startsWith("!");

/** Values of constants, booleans as 0 and 1. */
function valuesOf(constants: readonly Pick<ConstantDeclaration, "name" | "value">[]): Map<string, number | undefined> {
  const whole = new Map<string, number>();
  return new Map(
    constants.map(({ name, value }) => {
      const number = evaluate(value, whole);
      if (number !== undefined) whole.set(name, number);
      if (value === "true" || value === "false") return [name, Number(value === "true")];
      return [name, number ?? (/^-?[\d.]+(e-?\d+)?f?$/.test(value) ? Number.parseFloat(value) : undefined)];
    }),
  );
}

describe.each(SHADER_FILES)("$name", ({ source }) => {
  const { params = [], declarations } = parseShader(source);
  const present = declarations.filter(asItStands);
  const reflected = reflect(source);
  const constants = present.flatMap((each) => (each.kind === "const" ? each : []));
  const aliases = new Map(present.flatMap((each) => (each.kind === "alias" ? [[each.name, each.value]] : [])));

  test("has the params that wgsl_reflect finds", () => {
    expect(params.map(({ name, type }) => `${name}: ${type}`)).toEqual(reflected.params);
  });

  test("has the buffers", () => {
    const buffers = present.filter((each) => each.kind === "buffer");
    const typeOf = (type: string) => type.replace(/\w+/g, (word) => aliases.get(word) ?? word);
    // In the order of their numbers, which the template itself leaves out.
    expect(buffers.map(({ name, type, access }) => `${name}: ${typeOf(type)}, ${access}`)).toEqual(
      reflected.buffers
        .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
        .map((buffer) => buffer.replace(/^\d+ /, "")),
    );
  });

  test("has the constants", () => {
    expect(constants.map(({ name }) => name)).toEqual(reflected.constantNames);
    const values = valuesOf(constants);
    for (const { name } of constants) {
      if (reflected.constants.has(name))
        expect([name, values.get(name)]).toEqual([name, reflected.constants.get(name)]);
    }
  });

  test("has the entry points and functions", () => {
    const values = valuesOf(constants);
    const sizeOf = (threads: string) => {
      const sizes = threads.split(",").map((size) => evaluate(size, new Map(known(values))));
      return [...sizes, 1, 1].slice(0, 3);
    };
    const entries = present.filter((each) => each.kind === "entry");
    expect(
      entries.map(({ name, threads, parameters = [] }) => ({
        name,
        workgroupSize: sizeOf(threads),
        parameters: parameters
          .filter(({ when }) => when === undefined || when.startsWith("!"))
          .map((each) => `@builtin(${each.attribute}) ${each.name}: ${each.type}`),
      })),
    ).toEqual(reflected.entries.map(({ name, workgroupSize, parameters }) => ({ name, workgroupSize, parameters })));
    const codes = present.filter((each) => each.kind === "code").map(({ name }) => name);
    expect(codes).toEqual(expect.arrayContaining([...reflected.functions]));
  });
});

const known = (values: ReadonlyMap<string, number | undefined>) =>
  [...values].flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
