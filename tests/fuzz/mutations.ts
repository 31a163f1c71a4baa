/**
 * Ways to damage a file: blindly, byte by byte, and with a knowledge of JSON. All are fast-check's, so that a failure
 * shrinks.
 */
import fc from "fast-check";
import { checksum } from "../../src/convert/hdf5/checksum.ts";

/** Files by name; a loader of one file has one, whatever its name. */
export type Files = ReadonlyMap<string, Uint8Array>;

type OfBytes = (bytes: Uint8Array) => Uint8Array;

const WORDS = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const at = fc.nat(2 ** 30);

const splice = (bytes: Uint8Array, start: number, end: number, insert: Uint8Array): Uint8Array => {
  const out = new Uint8Array(start + insert.length + bytes.length - end);
  out.set(bytes.subarray(0, start));
  out.set(insert, start);
  out.set(bytes.subarray(end), start + insert.length);
  return out;
};

const oneOfBytes: fc.Arbitrary<OfBytes> = fc.oneof(
  at.map((a) => (bytes: Uint8Array) => bytes.slice(0, a % (bytes.length + 1))),
  fc.tuple(at, fc.nat(7)).map(([a, bit]) => (bytes: Uint8Array) => {
    const out = bytes.slice();
    if (out.length > 0) out[a % out.length] = (out[a % out.length] as number) ^ (1 << bit);
    return out;
  }),
  fc.tuple(at, fc.constantFrom(...WORDS), fc.constantFrom(1, 2, 4, 8)).map(([a, word, size]) => (bytes: Uint8Array) => {
    const out = bytes.slice();
    for (let byte = 0; byte < size && out.length > 0; byte++) {
      out[(a + byte) % out.length] = Number((word >> BigInt(8 * byte)) & 0xffn);
    }
    return out;
  }),
  fc.tuple(at, fc.uint8Array({ maxLength: 20 })).map(([a, more]) => (bytes: Uint8Array) => {
    const place = a % (bytes.length + 1);
    return splice(bytes, place, place, more);
  }),
  fc.tuple(at, at, fc.nat(3)).map(([a, b, copies]) => (bytes: Uint8Array) => {
    const [start, end] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y) as [number, number];
    const part = bytes.slice(start, Math.min(end, start + 4096));
    const repeated = Uint8Array.from(
      { length: part.length * copies },
      (_, index) => part[index % part.length] as number,
    );
    return splice(bytes, start, start + part.length, repeated);
  }),
);

const inOrder =
  <T>(steps: readonly ((value: T) => T)[]) =>
  (value: T) =>
    steps.reduce((now, step) => step(now), value);

/** One to four blind changes. */
export const bytesMutation: fc.Arbitrary<OfBytes> = fc.array(oneOfBytes, { minLength: 1, maxLength: 4 }).map(inOrder);

/**
 * Eight bytes that lie where a format keeps addresses and lengths take others' place: structures in a circle, or over
 * each other.
 */
export const addressMutation: fc.Arbitrary<OfBytes> = fc
  .array(fc.tuple(at, at), { minLength: 1, maxLength: 3 })
  .map((moves) => (bytes: Uint8Array) => {
    const out = bytes.slice();
    const words = Math.floor(out.length / 8);
    for (const [a, b] of moves) out.copyWithin(8 * (a % words), 8 * (b % words), 8 * (b % words) + 8);
    return out;
  });

const TWICE = "twice:";
const deep = (levels: number): unknown => (levels === 0 ? [] : [deep(levels - 1)]);
const value = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    "",
    0,
    -1,
    0.5,
    1,
    2,
    7,
    1e6,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    1e15,
    1e308,
    [],
    {},
    [[]],
  ),
  fc.constantFrom<unknown>(
    "__proto__",
    "constructor",
    "../x",
    "a".repeat(70_000),
    deep(30),
    deep(300),
    Array(20_000).fill(0),
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

type Node = { readonly parent: Record<string, unknown>; readonly key: string };

/** All members and elements below a value, arrays by their indices. */
function nodesOf(root: unknown): readonly Node[] {
  const nodes: Node[] = [];
  const walk = (parent: unknown): void => {
    if (typeof parent !== "object" || parent === null) return;
    for (const key of Object.keys(parent)) {
      nodes.push({ parent: parent as Record<string, unknown>, key });
      walk((parent as Record<string, unknown>)[key]);
    }
  };
  walk(root);
  return nodes;
}

type OfJson = (root: unknown) => unknown;
const change =
  (edit: (node: Node, all: readonly Node[]) => void, place: number): OfJson =>
  (root) => {
    const nodes = nodesOf(root);
    const node = nodes[place % Math.max(1, nodes.length)];
    if (node !== undefined) edit(node, nodes);
    return root;
  };

const oneOfJson: fc.Arbitrary<OfJson> = fc.oneof(
  fc.tuple(at, value).map(([a, put]) =>
    change(({ parent, key }) => {
      parent[key] = structuredClone(put);
    }, a),
  ),
  at.map((a) =>
    change(({ parent, key }) => {
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
    }, a),
  ),
  at.map((a) =>
    change(({ parent, key }) => {
      if (Array.isArray(parent)) parent.push(structuredClone(parent[Number(key)]));
      else parent[`${TWICE}${key}`] = parent[key];
    }, a),
  ),
  fc.tuple(at, at).map(([a, b]) =>
    change(({ parent, key }, all) => {
      const other = all[b % all.length] as Node;
      parent[key] = structuredClone(other.parent[other.key]);
    }, a),
  ),
  fc.tuple(at, fc.constantFrom("__proto__", "constructor", "", "name", "config")).map(([a, name]) =>
    change(({ parent, key }) => {
      if (Array.isArray(parent)) return;
      Object.defineProperty(parent, name, { value: parent[key], enumerable: true, configurable: true, writable: true });
      delete parent[key];
    }, a),
  ),
  fc.tuple(at, fc.constantFrom(-1, 1, 2, 1000, 1e9)).map(([a, by]) =>
    change(({ parent, key }) => {
      if (typeof parent[key] === "number") parent[key] = (parent[key] as number) * by + (by === 1 ? 1 : 0);
    }, a),
  ),
);

/** One to three changes of a JSON text's values, and now and then of its bytes. */
export const jsonMutation: fc.Arbitrary<OfBytes> = fc
  .tuple(fc.array(oneOfJson, { minLength: 1, maxLength: 3 }).map(inOrder), fc.option(oneOfBytes, { freq: 12 }))
  .map(([edit, spoil]) => (bytes: Uint8Array) => {
    const json = JSON.stringify(edit(JSON.parse(new TextDecoder().decode(bytes)))) ?? "";
    const text = new TextEncoder().encode(json.replaceAll(`"${TWICE}`, '"'));
    return spoil === null ? text : spoil(text);
  });

/** One file changed, or lost. */
export function fileMutation(change: fc.Arbitrary<OfBytes>, which: (name: string) => boolean = () => true) {
  return fc.tuple(at, change, fc.nat(30)).map(([a, edit, lose]) => (files: Files): Files => {
    const names = [...files.keys()].filter(which);
    const name = names[a % names.length] as string;
    const out = new Map(files);
    if (lose === 0) out.delete(name);
    else out.set(name, edit(out.get(name) as Uint8Array));
    return out;
  });
}

/** How far HDF5's newest structures reach, up to their checksum. */
const SUMMED: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  BTHD: () => 34,
  FRHP: () => 142,
  OHDR(view, at) {
    const flags = view.getUint8(at + 5);
    const start = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
    return start + (flags & 1 ? 2 + view.getUint16(at + start, true) : 1 + view.getUint8(at + start));
  },
};

/** A damaged file whose checksums are right again. */
export function withChecksums(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  const sum = (at: number, length: number) =>
    view.setUint32(at + length, checksum(out.subarray(at, at + length)), true);
  const isNew = (out[8] ?? 0) > 1;
  if (isNew && out.length >= 48) sum(0, 44);
  for (let at = 0; isNew && at + 150 < out.length; at++) {
    const length = SUMMED[String.fromCharCode(...out.subarray(at, at + 4))]?.(view, at) ?? out.length;
    if (at + length + 4 <= out.length) sum(at, length);
  }
  return out;
}
