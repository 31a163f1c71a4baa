/** Files of a VectorIndex from a grammar, their SHA-256 right, so that what lies behind it is reached. */
import fc from "fast-check";
import { sha256Hex } from "../../../src/io/sha256.ts";
import { type Faults, type Made, made, some } from "./made.ts";

interface Index {
  header: Record<string, unknown>;
  /** In place of the header, as text. */
  json: string | undefined;
  vectors: Float32Array;
  version: number;
  headerBy: number;
  isSigned: boolean;
}

const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
const id = fc.oneof(fc.string({ maxLength: 6 }), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const whole = fc
  .record({
    dimension: fc.integer({ min: 1, max: 6 }),
    metric: fc.constantFrom("cosine", "dot", "l2"),
    storage: fc.constantFrom("float32", "int8"),
    ids: fc.uniqueArray(id, { maxLength: 8, comparator: "SameValueZero" }),
    metadata: fc.constantFrom<unknown[]>([], [1], [null], [{ a: [1, "b"] }]),
  })
  .chain(({ dimension, ids, ...rest }) =>
    fc
      .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e6), max: Math.fround(1e6) }), {
        minLength: ids.length * dimension,
        maxLength: ids.length * dimension,
      })
      .map((numbers) => ({ dimension, ids, numbers, ...rest })),
  );

const odd = fc.constantFrom<unknown>(
  ...[
    0,
    -1,
    0.5,
    7,
    65_536,
    65_537,
    2 ** 31,
    2 ** 53,
    "3",
    null,
    true,
    [],
    {},
    [[]],
    [null, null],
    deep(99),
    deep(400),
  ],
  ...["l1", "float16", "__proto__", Array(50_000).fill(0), Array(50_000).fill([])],
);

const faults: Faults<Index> = fc.oneof(
  fc
    .tuple(fc.constantFrom("dimension", "metric", "storage", "ids", "metadata", "more"), odd)
    .map(([field, value]) => (index: Index) => {
      index.header[field] = value;
    }),
  fc.constantFrom("dimension", "metric", "storage", "ids", "metadata").map((field) => (index: Index) => {
    delete index.header[field];
  }),
  fc.tuple(fc.constantFrom("ids", "metadata"), fc.nat(8), odd).map(([field, at, value]) => (index: Index) => {
    const list = index.header[field];
    if (Array.isArray(list)) list[at % (list.length + 1)] = value;
  }),
  // Every vector is there, under one id.
  fc.constant((index: Index) => {
    const { ids } = index.header;
    if (Array.isArray(ids)) index.header.ids = ids.map(() => "a");
  }),
  fc
    .tuple(fc.nat(100), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 3e38, 1e19, 1e-45))
    .map(([at, value]) => (index: Index) => {
      if (index.vectors.length > 0) index.vectors[at % index.vectors.length] = value;
    }),
  fc.constantFrom(-1, 1, 1000).map((by) => (index: Index) => {
    index.vectors = new Float32Array(Math.max(0, index.vectors.length + by));
  }),
  fc.constantFrom(0, 2, 0xffffffff).map((version) => (index: Index) => {
    index.version = version;
  }),
  fc.constantFrom(-4, -1, 1, 4, 2 ** 31, 2 ** 32 - 4).map((by) => (index: Index) => {
    index.headerBy += by;
  }),
  fc
    .constantFrom("", "{", "[]", '{"ids":[],"ids":[]}', "\ufeff{}", "[".repeat(5000), '"\\ud800"', "1e999")
    .map((json) => (index: Index) => {
      index.json = json;
    }),
  fc.constant((index: Index) => {
    index.isSigned = false;
  }),
);

/** Whole files and damaged ones. */
export const indexFiles: fc.Arbitrary<Made> = fc
  .tuple(whole, some(faults))
  .map(([{ dimension, metric, storage, ids, metadata, numbers }, changes]) =>
    made(changes, async (edit) => {
      const header = { dimension, metric, storage, ids: [...ids], metadata: ids.map(() => [...metadata]) };
      const vectors = Float32Array.from(numbers);
      const index: Index = { header, vectors, json: undefined, version: 1, headerBy: 0, isSigned: true };
      edit(index);
      const text = new TextEncoder().encode(index.json ?? JSON.stringify(index.header));
      const padded = Math.ceil(text.length / 4) * 4;
      const bytes = new Uint8Array(16 + padded + 4 * index.vectors.length + 32);
      bytes.set(new TextEncoder().encode("SLUICEVI"));
      const view = new DataView(bytes.buffer);
      view.setUint32(8, index.version, true);
      view.setUint32(12, padded + index.headerBy, true);
      bytes.fill(0x20, 16, 16 + padded);
      bytes.set(text, 16);
      bytes.set(new Uint8Array(index.vectors.buffer), 16 + padded);
      const hash = index.isSigned ? await sha256Hex(bytes.subarray(0, -32)) : "0".repeat(64);
      bytes.set(Buffer.from(hash, "hex"), bytes.length - 32);
      return bytes;
    }),
  );
