/** safetensors files from a grammar: tensors one after the other, and what may be wrong with their description. */
import fc from "fast-check";
import { type Faults, type Made, made, some } from "./made.ts";

const ITEM_BYTES = { F32: 4, I32: 4, F16: 2, BF16: 2, I64: 8, U8: 1, I8: 1, BOOL: 1 } as const;

interface Tensor {
  dtype: unknown;
  shape: unknown;
  data_offsets: unknown;
  [other: string]: unknown;
}

/** A header as pairs: a name may occur twice. */
interface Header {
  readonly tensors: [name: string, tensor: Tensor][];
  metadata: unknown;
  /** Added to the header's length. */
  lengthBy: bigint;
  /** Bytes after the data. */
  extra: number;
}

const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }),
  fc.constantFrom("a", "b/kernel", "__proto__", "constructor", "0", "a".repeat(3000), "\u0000", "toString"),
);
const dtype = fc.constantFrom(...(Object.keys(ITEM_BYTES) as (keyof typeof ITEM_BYTES)[]));
const tensor = fc.record({ name, dtype, shape: fc.array(fc.nat(4), { maxLength: 4 }) });
const whole = fc.record({
  tensors: fc.uniqueArray(tensor, { maxLength: 6, selector: (each) => each.name }),
  metadata: fc.option(fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), fc.string({ maxLength: 8 }))),
  padding: fc.nat(16),
});

const odd = fc.constantFrom<unknown>(
  ...[-1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 + 2, 1e308, "4", null, true, [], {}, [[1]], [4, 4, 4]],
);
const place = fc.nat(1000);
const at = (header: Header, index: number) => header.tensors[index % Math.max(1, header.tensors.length)]?.[1];

const faults: Faults<Header> = fc.oneof(
  // Over each other, or over nothing.
  fc.tuple(place, place).map(([a, b]) => (header: Header) => {
    const [one, other] = [at(header, a), at(header, b)];
    if (one && other) one.data_offsets = other.data_offsets;
  }),
  fc.tuple(place, fc.constantFrom(-8, -1, 1, 4, 2 ** 31, 2 ** 53)).map(([a, by]) => (header: Header) => {
    const one = at(header, a);
    if (Array.isArray(one?.data_offsets)) one.data_offsets = one.data_offsets.map((offset: number) => offset + by);
  }),
  fc.tuple(place, fc.nat(4), odd).map(([a, axis, size]) => (header: Header) => {
    const one = at(header, a);
    if (Array.isArray(one?.shape)) one.shape = [...one.shape.slice(0, axis), size, ...one.shape.slice(axis + 1)];
  }),
  fc
    .tuple(place, fc.constantFrom("dtype", "shape", "data_offsets", "more"), odd)
    .map(([a, field, value]) => (header: Header) => {
      const one = at(header, a);
      if (one) one[field] = value;
    }),
  fc
    .tuple(place, fc.constantFrom("F64", "U64", "f32", "F8_E4M3", "__proto__"))
    .map(([a, value]) => (header: Header) => {
      const one = at(header, a);
      if (one) one.dtype = value;
    }),
  // As many axes as there is room for, of one element each: the bytes are right.
  fc.tuple(place, fc.constantFrom(9, 100, 100_000)).map(([a, rank]) => (header: Header) => {
    const one = at(header, a);
    if (one) one.shape = Array(rank).fill(1);
  }),
  // Twice one name.
  place.map((a) => (header: Header) => {
    const [first] = header.tensors;
    const twin = header.tensors[a % Math.max(1, header.tensors.length)];
    if (first && twin) header.tensors.push([first[0], twin[1]]);
  }),
  fc
    .constantFrom<unknown>(null, 7, [], { a: 1 }, { a: { b: "c" } }, { a: null })
    .map((metadata) => (header: Header) => {
      header.metadata = metadata;
    }),
  fc.constantFrom(-9n, -1n, 1n, 100n, 2n ** 24n, 2n ** 31n, 2n ** 53n, 2n ** 63n).map((by) => (header: Header) => {
    header.lengthBy += by;
  }),
  fc.constantFrom(-1, 1, 8).map((by) => (header: Header) => {
    header.extra += by;
  }),
);

/** Whole files and damaged ones. */
export const safetensorsFiles: fc.Arbitrary<Made> = fc
  .tuple(whole, some(faults))
  .map(([{ tensors, metadata, padding }, changes]) =>
    made(changes, (edit) => {
      let end = 0;
      const header: Header = { tensors: [], metadata, lengthBy: 0n, extra: 0 };
      for (const { name: called, dtype: type, shape } of tensors) {
        const start = end;
        end += shape.reduce((size, axis) => size * axis, 1) * ITEM_BYTES[type];
        header.tensors.push([called, { dtype: type, shape, data_offsets: [start, end] }]);
      }
      edit(header);
      const pairs = header.tensors.map(([called, value]) => `${JSON.stringify(called)}:${JSON.stringify(value)}`);
      if (header.metadata !== null) pairs.unshift(`"__metadata__":${JSON.stringify(header.metadata)}`);
      const json = new TextEncoder().encode(`{${pairs.join(",")}}${" ".repeat(padding)}`);
      const bytes = new Uint8Array(Math.max(8, 8 + json.length + end + header.extra));
      new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(json.length) + header.lengthBy), true);
      bytes.set(json.subarray(0, bytes.length - 8), 8);
      return bytes;
    }),
  );
