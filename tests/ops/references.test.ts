/** Every kernel's op has its meaning in float64 in the table that the interpreter reads. */
import { readdirSync } from "node:fs";
import { expect, test, vi } from "vitest";
import type { NoAttributes, Out } from "../../src/graph/op.ts";
import type { OpDefinition } from "../../src/graph/operation.ts";
import { interpret } from "../../src/ops/interpret.ts";
import { referenceOf } from "../../src/ops/references.ts";

const defined = vi.hoisted((): OpDefinition[] => []);

vi.mock("../../src/graph/op.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/graph/op.ts")>();
  const defineOp: typeof original.defineOp = (definition) => {
    const op = original.defineOp(definition);
    defined.push(op.definition);
    return op;
  };
  return { ...original, defineOp };
});

test("every kernel op under src/ops and src/transform has a reference", async () => {
  for (const module of ["ops", "transform"]) {
    const folder = new URL(`../../src/${module}/`, import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    for (const file of files) await import(new URL(file, folder).href);
  }
  const kernels = defined.filter(({ kind }) => kind === "kernel");
  expect(kernels.length).toBeGreaterThan(40);
  expect(kernels.filter((definition) => referenceOf(definition) === undefined).map(({ name }) => name)).toEqual([]);
});

test("an op without a reference is named", async () => {
  const { defineOp } = await import("../../src/graph/op.ts");
  const op = defineOp<NoAttributes, null, Out>({
    kind: "kernel",
    name: "unknown",
    infer: () => ({ out: { shape: [1], dtype: "float32" } }),
    vjp: () => ({}),
    lower: () => [],
  });
  expect(() => interpret({ outputs: [op({}, null).out], updates: [] })).toThrow(
    'the op "unknown" has no float64 reference',
  );
});
