import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError, SluiceError, ValueError } from "../../src/core/errors.ts";
import type { NdArray } from "../../src/core/nd_array.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/safetensors.ts";
import { floatToHalf, halfToFloat } from "../../src/io/safetensors_dtypes.ts";

/** A file with any header, right or wrong. */
function file(header: unknown, data: Uint8Array = new Uint8Array(), claimed?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const TENSORS = new Map<string, NdArray>([
  ["2", { shape: [2, 3], data: new Float32Array([1, -2, 0.1, Number.NaN, Number.POSITIVE_INFINITY, 1e-40]) }],
  ["1", { shape: [], data: new Float32Array([7]) }],
  ["ids", { shape: [2], data: new Int32Array([-1, 2 ** 31 - 1]) }],
  ["empty", { shape: [0, 4], data: new Float32Array() }],
  ["__proto__", { shape: [1], data: new Int32Array([5]) }],
]);

describe("safetensors", () => {
  test("come back as they went, in order, from any alignment", () => {
    const bytes = writeSafetensors(TENSORS, new Map([["format", "sluice"]]));
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    for (const each of [bytes, shifted.subarray(3)]) {
      const { tensors, metadata } = readSafetensors(each);
      expect([...tensors.keys()]).toEqual([...TENSORS.keys()]);
      expect(tensors).toEqual(TENSORS);
      expect([...metadata]).toEqual([["format", "sluice"]]);
    }
    expect(writeSafetensors(new Map()).length % 8).toBe(0);
    expect(readSafetensors(writeSafetensors(new Map())).tensors.size).toBe(0);
  });

  test("reads other dtypes as float32 or int32, and refuses by name what would not survive", () => {
    const one = (dtype: string, data: Uint8Array, shape = [2]) =>
      readSafetensors(file({ x: { dtype, shape, data_offsets: [0, data.length] } }, data)).tensors.get("x")?.data;
    expect(one("F16", new Uint8Array(new Uint16Array([0x3c00, 0xc580]).buffer))).toEqual(new Float32Array([1, -5.5]));
    expect(one("BF16", new Uint8Array(new Uint16Array([0x3f80, 0xc0b0]).buffer))).toEqual(new Float32Array([1, -5.5]));
    expect(one("I64", new Uint8Array(new BigInt64Array([-3n, 9n]).buffer))).toEqual(new Int32Array([-3, 9]));
    expect(one("U8", new Uint8Array([0, 255]))).toEqual(new Int32Array([0, 255]));
    expect(one("I8", new Uint8Array([1, 255]))).toEqual(new Int32Array([1, -1]));
    expect(one("BOOL", new Uint8Array([0, 1]))).toEqual(new Int32Array([0, 1]));
    expect(() => one("I64", new Uint8Array(new BigInt64Array([2n ** 40n, 0n]).buffer))).toThrow(
      /does not fit in int32/,
    );
    expect(() => one("F64", new Uint8Array(16))).toThrow(/dtype "F64" is not supported; expected one of F32, I32/);
    expect([0x0001, 0x8000, 0x7c00, 0x7bff].map(halfToFloat)).toEqual([2 ** -24, -0, Number.POSITIVE_INFINITY, 65504]);
  });

  test("F16: every one of its numbers comes back, others go to the nearest, ties to even", () => {
    for (let half = 0; half < 2 ** 16; half++) {
      const value = halfToFloat(half);
      if (!Number.isNaN(value)) expect(floatToHalf(value)).toBe(half);
    }
    expect(Number.isNaN(halfToFloat(floatToHalf(Number.NaN)))).toBe(true);
    const nearest: readonly (readonly [number, number])[] = [
      [1 + 2 ** -11, 1],
      [1 + 3 * 2 ** -11, 1 + 2 ** -9],
      [2 - 2 ** -12, 2],
      [-(2 ** -25), -0],
      [3 * 2 ** -26, 2 ** -24],
      [2 ** -14 - 2 ** -26, 2 ** -14],
      [65519.9, 65504],
      [65520, Number.POSITIVE_INFINITY],
    ];
    for (const [value, wanted] of nearest) expect(halfToFloat(floatToHalf(value)), String(value)).toBe(wanted);
    const data = Float32Array.of(0.1, -Math.PI, 40000, Number.POSITIVE_INFINITY);
    const bytes = writeSafetensors(new Map([["w", { shape: [4], data }]]), undefined, { floats: "F16" });
    const again = readSafetensors(bytes).tensors.get("w")?.data as Float32Array;
    for (const [index, value] of again.slice(0, 3).entries())
      expect(Math.abs(value / (data[index] as number) - 1)).toBeLessThan(2 ** -11);
    expect(again[3]).toBe(Number.POSITIVE_INFINITY);
    const large = new Map([["w", { shape: [1], data: Float32Array.of(70000) }]]);
    expect(() => writeSafetensors(large, undefined, { floats: "F16" })).toThrow(ValueError);
  });

  test.each<[string, unknown, number, RegExp]>([
    [
      "a gap",
      { a: { dtype: "U8", shape: [1], data_offsets: [0, 1] }, b: { dtype: "U8", shape: [1], data_offsets: [2, 3] } },
      3,
      /starts at byte 2 of the data; expected 1/,
    ],
    [
      "an overlap",
      { a: { dtype: "U8", shape: [2], data_offsets: [0, 2] }, b: { dtype: "U8", shape: [2], data_offsets: [1, 3] } },
      3,
      /starts at byte 1 of the data; expected 2/,
    ],
    ["bytes nobody claims", { a: { dtype: "U8", shape: [1], data_offsets: [0, 1] } }, 2, /no tensor claims/],
    ["missing bytes", { a: { dtype: "U8", shape: [4], data_offsets: [0, 4] } }, 2, /cut short/],
    [
      "offsets that do not fit the shape",
      { a: { dtype: "F32", shape: [2], data_offsets: [0, 4] } },
      4,
      /takes 8 bytes/,
    ],
    [
      "an overflowing product",
      { a: { dtype: "F32", shape: [2 ** 30, 2 ** 30, 2 ** 30], data_offsets: [0, 4] } },
      4,
      /takes/,
    ],
    ["a negative axis", { a: { dtype: "F32", shape: [-1], data_offsets: [0, 4] } }, 4, /whole number/],
    ["a high rank", { a: { dtype: "U8", shape: [1, 1, 1, 1, 1, 1, 1, 1, 1], data_offsets: [0, 1] } }, 1, /at most 8/],
    ["an unknown field", { a: { dtype: "U8", shape: [1], data_offsets: [0, 1], extra: 1 } }, 1, /unknown field/],
    ["metadata that is no text", { __metadata__: { a: 1 } }, 0, /expected text/],
    ["an array", [], 0, /start with/],
    [
      "a key twice",
      '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
      0,
      /"a" occurs twice/,
    ],
    ["deep nesting", `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`, 0, /nested deeper/],
    ["broken JSON", '{"a":', 0, /expected JSON/],
  ])("refuse %s", (_, header, dataBytes, message) => {
    const read = () => readSafetensors(file(header, new Uint8Array(dataBytes)));
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  });

  test("refuse lying header lengths, bad UTF-8 and what is beyond a limit", () => {
    expect(() => readSafetensors(file({}, new Uint8Array(), 2n ** 63n))).toThrow(/at most maxHeaderBytes/);
    expect(() => readSafetensors(file({}, new Uint8Array(), 100n))).toThrow(/cut short/);
    expect(() => readSafetensors(new Uint8Array(3))).toThrow(/got 3 bytes/);
    expect(() => readSafetensors(file({}, new Uint8Array(), 0n))).toThrow(FormatError);
    const bytes = writeSafetensors(new Map([["é", { shape: [0], data: new Float32Array() }]]));
    bytes[bytes.indexOf(0xc3)] = 0xff;
    expect(() => readSafetensors(bytes)).toThrow(/UTF-8/);
    expect(() => readSafetensors(writeSafetensors(TENSORS), "w", { maxTensors: 4 })).toThrow(/maxTensors/);
    expect(() => readSafetensors(writeSafetensors(TENSORS), "w", { maxHeaderBytes: 10 })).toThrow(/maxHeaderBytes/);
    expect(() => writeSafetensors(new Map([["__metadata__", { shape: [], data: new Float32Array(1) }]]))).toThrow(
      SluiceError,
    );
    expect(() => writeSafetensors(new Map([["x", { shape: [3], data: new Float32Array(1) }]]))).toThrow(/holds 3/);
  });

  test("every truncation is refused", () => {
    const bytes = writeSafetensors(TENSORS);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readSafetensors(bytes.subarray(0, length)), `cut to ${length}`).toThrow(FormatError);
    }
  });

  test("mutations give tensors or a FormatError", () => {
    const whole = writeSafetensors(TENSORS, new Map([["a", "b"]]));
    const onlyFormatError = (bytes: Uint8Array): void => {
      try {
        readSafetensors(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    };
    const flips = fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(flips, (list) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, flip] of list) bytes[at] = (bytes[at] as number) ^ flip;
        onlyFormatError(bytes);
      }),
      { numRuns: 1000, seed: 1 },
    );
    const field = fc.oneof(fc.jsonValue(), fc.constantFrom("F32", "U8", [0, 4], [1], [0], []));
    const tensor = fc.record({ dtype: field, shape: field, data_offsets: field }, { requiredKeys: [] });
    const header = fc.dictionary(fc.string(), fc.oneof(tensor, fc.jsonValue()));
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 8 }), (json, data) => onlyFormatError(file(json, data))),
      { numRuns: 500, seed: 1 },
    );
  });
});
