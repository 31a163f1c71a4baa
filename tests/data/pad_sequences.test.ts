import { expect, test } from "vitest";
import { padSequences, ShapeError, ValueError } from "../../src/index.ts";

test("floats keep their values, on either side", () => {
  const rows = [[0.5, 1.5, 2.5], Float64Array.of(4.5), []];
  expect(padSequences(rows, { dtype: "float32", maxLength: 2, value: -1.5 })).toEqual({
    shape: [3, 2],
    data: Float32Array.of(1.5, 2.5, -1.5, 4.5, -1.5, -1.5),
  });
  expect([...padSequences(rows, { dtype: "float32", padding: "post", truncating: "post", maxLength: 2 }).data]).toEqual(
    [0.5, 1.5, 4.5, 0, 0, 0],
  );
});

test("rows of vectors get an axis for them", () => {
  const rows = [[[1, 2], [3, 4], Float32Array.of(5, 6)], [], [[7, 8]]];
  expect(padSequences(rows, { dtype: "float32", maxLength: 2 })).toEqual({
    shape: [3, 2, 2],
    data: Float32Array.of(3, 4, 5, 6, 0, 0, 0, 0, 0, 0, 7, 8),
  });
  const ids = padSequences(rows, { padding: "post" });
  expect(ids.shape).toEqual([3, 3, 2]);
  expect(ids.data).toBeInstanceOf(Int32Array);
});

test.each([
  [
    [[0.5]],
    {},
    ValueError,
    'element 0 of row 0 is 0.5; expected whole numbers of 32 bits, or the option dtype: "float32"',
  ],
  [[[1], ["a"]], { dtype: "float32" }, ValueError, 'element 0 of row 1 is "a"; expected numbers'],
  [[[[1, 2]], [[1]]], {}, ShapeError, "element 0 of row 1 is [1]; expected a vector of 2, as before it"],
  [[[1], [[1]]], {}, ShapeError, "element 0 of row 1 is [1]; expected a number, as before it"],
  [[[[1, 2], 3]], {}, ShapeError, "element 1 of row 0 is 3; expected a vector of 2"],
  [[[1]], { value: 0.5 }, ValueError, "value is 0.5; expected a whole number of 32 bits"],
  [[[1]], { dtype: "float64" }, ValueError, 'dtype is "float64"; expected one of int32, float32'],
  [[7], {}, ValueError, "row 0 is 7; expected rows of numbers"],
])("case %#: says what is wrong", (rows, options, kind, message) => {
  const act = () => padSequences(rows as never, options as never);
  expect(act).toThrow(kind);
  expect(act).toThrow(message);
});
