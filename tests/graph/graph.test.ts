/** What goes wrong fails while the graph is built, and says both shapes; differentiation's own rules. */
import { describe, expect, test } from "vitest";
import {
  DTypeError,
  gradients,
  inputValue,
  interpret,
  ops,
  ShapeError,
  scalar,
  ValueError,
  valueAndGrad,
  vjp,
} from "../../src/index.ts";

const a = inputValue("a", [2, 3]);
const b = inputValue("b", [4, 5]);
const list = inputValue("list", [3], "int32");
const flag = inputValue("flag", [2, 3], "bool");

describe("shapes and dtypes fail at graph build", () => {
  const cases: readonly [
    string,
    () => unknown,
    ErrorConstructor | typeof ShapeError | typeof DTypeError | typeof ValueError,
    RegExp,
  ][] = [
    ["add of shapes that do not broadcast", () => ops.add(a, b), ShapeError, /add: shapes \[2, 3\] and \[4, 5\]/],
    [
      "matmul of other inner sizes",
      () => ops.matmul(a, b),
      ShapeError,
      /a is \[2, 3\], b is \[4, 5\]; expected a\[-1\] = b\[-2\]/,
    ],
    ["matmul, transposed", () => ops.matmul(a, b, { transposeA: true }), ShapeError, /\[2, 3\] transposed/],
    ["matmul of a vector", () => ops.matmul(a, list), Error, /expected/],
    ["add of two dtypes", () => ops.add(a, flag), DTypeError, /float32 and bool.*cast\(\)/],
    ["exp of ids", () => ops.exp(list), DTypeError, /int32; expected float32/],
    ["gather by floats", () => ops.gather(a, b), DTypeError, /ids are float32; expected int32/],
    ["where without a bool", () => ops.where(a, a, a), DTypeError, /expected a bool condition/],
    [
      "sum over an axis that is not there",
      () => ops.sum(a, { axes: 2 }),
      ShapeError,
      /axis 2 is outside a tensor of rank 2/,
    ],
    ["sum over one axis twice", () => ops.sum(a, { axes: [1, -1] }), ShapeError, /name one axis twice/],
    ["reshape to another size", () => ops.reshape(a, [4]), ShapeError, /holds 6 elements, \[4\] 4/],
    ["reshape with a broken −1", () => ops.reshape(a, [4, -1]), ShapeError, /cannot become/],
    ["slice outside", () => ops.slice(a, [0, 2], [2, 2]), ShapeError, /reaches outside \[2, 3\]/],
    ["concat of other sizes", () => ops.concat([a, b], 0), ShapeError, /differ outside axis 0/],
    ["concat of nothing", () => ops.concat([]), ShapeError, /at least one/],
    ["transpose by half a permutation", () => ops.transpose(a, [1]), ShapeError, /must name each of the 2 axes once/],
    ["broadcastTo a smaller shape", () => ops.broadcastTo(a, [3]), ShapeError, /does not broadcast to \[3\]/],
    [
      "dropout of everything",
      () => ops.dropout(a, 1, { counter: scalar(0, "int32"), seed: 0, stream: 0 }),
      ValueError,
      /rate is 1/,
    ],
    ["clip with crossed limits", () => ops.clip(a, 1, -1), ValueError, /low ≤ high/],
    [
      "lstmSweep of another width",
      () => ops.lstmSweep(inputValue("x", [1, 2, 12]), inputValue("u", [4, 16])),
      ShapeError,
      /projected input is \[1, 2, 12\]; expected \[1, 2, 16\]/,
    ],
    [
      "lstmCell of another width",
      () => ops.lstmCell(inputValue("z", [2, 12]), inputValue("c", [2, 4])),
      ShapeError,
      /expected \[B, 4·H\] and \[B, H\]/,
    ],
  ];
  for (const [name, build, kind, message] of cases) {
    test(name, () => {
      expect(build).toThrow(kind);
      expect(build).toThrow(message);
    });
  }
});

describe("differentiation", () => {
  test("wants a scalar", () => {
    expect(() => gradients(a, [a])).toThrow(/the loss is \[2, 3\]; expected a scalar/);
    expect(() => vjp([a], [scalar(1)], [a])).toThrow(ShapeError);
    expect(() => vjp([list], [list], [a])).toThrow(/only float32/);
  });

  test("gives zeros where there is no path", () => {
    const [gradient] = gradients(ops.sum(a), [b]);
    const [zeros] = interpret({ outputs: gradient ? [gradient] : [], updates: [] });
    expect(zeros).toEqual({ shape: [4, 5], data: new Float64Array(20) });
  });

  test("of a value inside the graph stops there", () => {
    const x = inputValue("x", []);
    const inner = ops.mul(x, 3);
    const [byInner, byX] = gradients(ops.square(inner), [inner, x]);
    const inputs = new Map([[x, { shape: [], data: Float32Array.of(2) }]]);
    const found = interpret({ outputs: [byInner, byX].flatMap((value) => value ?? []), updates: [] }, { inputs });
    expect(found[0]?.data[0]).toBe(12);
  });

  test("second derivatives", () => {
    const x = inputValue("x", []);
    const [first] = gradients(ops.pow(x, 3), [x]);
    const [second] = first ? gradients(first, [x]) : [];
    const inputs = new Map([[x, { shape: [], data: Float32Array.of(2) }]]);
    expect(interpret({ outputs: second ? [second] : [], updates: [] }, { inputs })[0]?.data[0]).toBeCloseTo(12, 10);
  });

  test("valueAndGrad", () => {
    const { value, gradients: grads } = valueAndGrad((w) => ops.mean(ops.square(w)))(a);
    expect(value.shape).toEqual([]);
    expect(grads.map(({ shape }) => shape)).toEqual([[2, 3]]);
  });
});
