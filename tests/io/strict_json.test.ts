import { expect, test } from "vitest";
import { FormatError } from "../../src/core/errors.ts";
import { parseStrictJson } from "../../src/io/strict_json.ts";

const parse = (text: string) => parseStrictJson(new TextEncoder().encode(text), "the file");

test("JSON that is nested too deep is refused", () => {
  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
  ] as const) {
    const nested = (levels: number) => `${open.repeat(levels)}1${close.repeat(levels)}`;
    expect(parse(nested(100))).toEqual(JSON.parse(nested(100)));
    for (const levels of [101, 1_000_000]) {
      expect(() => parse(nested(levels))).toThrow(FormatError);
      expect(() => parse(nested(levels))).toThrow(/the file: JSON is nested deeper than 100/);
    }
  }
});

test("an object of more than a million keys is refused", () => {
  const keys = Array.from({ length: 1_000_001 }, (_, at) => `"${at.toString(36)}":0`).join(",");
  expect(() => parse(`{${keys}}`)).toThrow("the file: more than 1000000 keys in an object");
});

test("a key that occurs twice is refused, also where it is escaped in one place", () => {
  expect(() => parse('{"a":1,"b":{"a":2},"\\u0061":3}')).toThrow('the file: the key "a" occurs twice');
  expect(parse('{"a":1,"b":{"a":2}}')).toEqual({ a: 1, b: { a: 2 } });
});
