/** Every op's vjp against central differences of its float64 reference. */
import { describe, expect, test } from "vitest";
import { type NdArray, ops, type Value } from "../../src/index.ts";
import { opCases } from "../conformance/ops/index.ts";
import { drawInputs, seedOf } from "../conformance/ops/op_case.ts";
import { checkGradients } from "../support/gradcheck.ts";

describe("gradients in float64", () => {
  for (const { op, name, inputs, build, hasGradient = true, withoutCotangent = [] } of opCases) {
    if (!hasGradient) continue;
    test(`${op}: ${name}`, () => {
      const arrays = drawInputs(inputs, seedOf(`${op} ${name}`));
      const dtypes = inputs.map(({ dtype }) => dtype);
      checkGradients(`${op}: ${name}`, build, arrays, { withoutCotangent, dtypes, maxElements: 8 });
    });
  }
});

test("the check itself finds a wrong gradient", () => {
  const wrong = ([x]: readonly Value[]) => [ops.mul(ops.stopGradient(x as Value), x as Value)];
  const x: NdArray = { shape: [3], data: Float32Array.of(1, 2, 3) };
  expect(() => checkGradients("wrong", wrong, [x])).toThrow(/central differences/);
});
