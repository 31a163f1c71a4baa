/** The reader of HDF5 files: all that Keras writes, in old and new structures, and nothing else. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { checksum } from "../../src/convert/hdf5/checksum.ts";
import { readHdf5 } from "../../src/convert/hdf5/read.ts";
import { writeHdf5 } from "../../src/convert/hdf5/write.ts";
import { FormatError } from "../../src/core/errors.ts";

// A Buffer, as programs read files: its `slice` is no copy.
const fixture = (name: string): Uint8Array => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const hdf5 = (name: string): Uint8Array => fixture(`hdf5/${name}.h5`);

test("the newest structures hold what the old ones do", () => {
  const old = readHdf5(fixture("keras_files/sentiment.weights.h5"), "old");
  const latest = readHdf5(hdf5("latest"), "latest");
  expect(old.datasets.size).toBe(6);
  expect(old.groups.get("layers/lstm/cell/vars")).toBe("lstm_cell");
  expect(new Map([...latest.datasets].sort())).toEqual(new Map([...old.datasets].sort()));
  expect(new Map([...latest.groups].sort())).toEqual(new Map([...old.groups].sort()));
});

test("scalars, empty data sets and whole numbers", () => {
  const { datasets } = readHdf5(hdf5("whole_numbers"), "numbers");
  expect(datasets.get("a")).toEqual({ shape: [2], data: Int32Array.of(-2, 3) });
  expect(datasets.get("b")).toEqual({ shape: [], data: Int32Array.of(7) });
  expect(datasets.get("c")).toEqual({ shape: [0, 3], data: new Float32Array() });
  expect(datasets.get("d")).toEqual({ shape: [], data: Float32Array.of(2.5) });
});

test("many groups in the old structures: a tree of several levels", () => {
  const { groups } = readHdf5(gunzipSync(fixture("hdf5/old_tree.h5.gz")), "old");
  expect(groups.size).toBe(600);
  for (const [path, name] of groups) expect(name).toBe(`group ${path.slice(1)}`);
});

test("a dozen groups in the newest structures: links in a heap of one block", () => {
  const { groups } = readHdf5(hdf5("link_heap"), "heap");
  expect(groups.size).toBe(12);
  for (const [path, name] of groups) expect(name).toBe(`group ${path.slice(1)}`);
});

test("so many groups that the heap and its tree have levels, and what is read is a copy", async () => {
  const names = Array.from({ length: 600 }, (_, index) => `layers/dense_${index}/vars`);
  const written = {
    groups: new Map(names.map((name) => [name, `größe ${name}`.slice(-20)])),
    datasets: new Map(names.map((name, index) => [`${name}/0`, { shape: [1], data: Float32Array.of(index) }])),
  };
  const bytes = await writeHdf5(written);
  const read = readHdf5(bytes, "many");
  bytes.fill(0);
  for (const name of names) expect(read.groups.get(name)).toBe(written.groups.get(name));
  expect(new Map([...read.datasets].sort())).toEqual(new Map([...written.datasets].sort()));
});

test.each([
  ["soft_link", /has a soft link, "a"/],
  ["external_link", /has a soft or an external link, "a"/],
  ["external_data", /keeps its data in another file/],
  ["virtual", /takes its data from elsewhere/],
  ["compressed", /in chunks.*without compression/],
  ["circle", /overlap, or lead back/],
  ["twice", /overlap, or lead back/],
  ["float16", /holds floats of 16 bits.*expected float32/],
  ["float64", /holds floats of 64 bits/],
  ["big_endian", /holds big-endian floats of 32 bits/],
  ["unsigned", /holds unsigned integers of 32 bits/],
  ["text", /holds text/],
  ["bfloat16", /holds bfloat16/],
  ["user_block", /begins with \\x89HDF/],
  ["named_type", /expected a group or a data set/],
])("%s is refused by name", (name, message) => {
  expect(() => readHdf5(hdf5(name), name)).toThrow(FormatError);
  expect(() => readHdf5(hdf5(name), name)).toThrow(message);
});

describe("limits", () => {
  const whole = hdf5("latest");

  test("groups and data sets, and how deep they lie", () => {
    expect(() => readHdf5(whole, "x", { maxNodes: 15 })).toThrow(/more than 15 groups/);
    expect(readHdf5(whole, "x", { maxNodes: 16 }).datasets.size).toBe(6);
    expect(() => readHdf5(whole, "x", { maxDepth: 3 })).toThrow(/deeper than 3/);
  });

  test("a file that is cut short", () => {
    for (const length of [0, 7, 8, 20, 47, 48, 500, whole.length - 1]) {
      expect(() => readHdf5(whole.subarray(0, length), "x"), `${length} bytes`).toThrow(FormatError);
    }
  });

  test("a flipped bit in the newest structures does not match their checksum", () => {
    const flipped = Uint8Array.from(whole);
    flipped[40] = (flipped[40] as number) ^ 1;
    expect(() => readHdf5(flipped, "x")).toThrow(/checksum/);
  });
});

test("the checksum is lookup3's", () => {
  const of = (text: string) => checksum(new TextEncoder().encode(text));
  expect(of("")).toBe(0xdeadbeef);
  expect(of("Four score and seven years ago")).toBe(0x17770551);
});
