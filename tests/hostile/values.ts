/** Values that a caller without a compiler may pass where Sluice expects something else. */
import type { Random } from "../../src/core/random.ts";

/** Thrown by getters and functions of the hostile values: a caller's own error, which passes through Sluice. */
export class CallerError extends Error {
  override readonly name = "CallerError";
}

const raise = (): never => {
  throw new CallerError("thrown by the caller's own code");
};

function detached(): Float32Array {
  const array = new Float32Array([1, 2]);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

function cyclic(): unknown[] {
  const list: unknown[] = [1];
  list[0] = list;
  return list;
}

function shared(): Float32Array {
  return new Float32Array(new SharedArrayBuffer(8)).fill(1);
}

/** Makers of hostile values: each call gets one that no other call has changed. */
export const HOSTILE: readonly (() => unknown)[] = [
  ...[null, undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 1, -1, 2, 0.5, 1e308],
  ...[Number.MAX_SAFE_INTEGER, 2 ** 53, 1e-320, 5n, -1n, true, false],
  ...["", "a", "5", "0.5", "false", "NaN", "\u0000", "\ud800", "__proto__", "constructor", "toString", "adam", "mse"],
  ...[Symbol("hostile"), Symbol.iterator],
].map((value) => () => value);

/** Makers of hostile objects. */
export const HOSTILE_OBJECTS: readonly (() => unknown)[] = [
  () => ({}),
  () => [],
  () => [1, 2],
  () => [null],
  () => [undefined, 1],
  () => [[1, 2], [3]],
  () => [["a", "b"], ["c"]],
  () => [[[1]], [[2]]],
  () => new Array(3),
  () => ["a", "b"],
  cyclic,
  () => [Symbol("hostile")],
  () => [5n],
  () => () => 1,
  () => raise,
  () => class Foreign {},
  () => new Date(0),
  () => new Date(Number.NaN),
  () => new Map(),
  () => new Map<unknown, unknown>([[null, Symbol("hostile")]]),
  () => new Map([["a", "b"]]),
  () => new Set([1]),
  () => /x/g,
  () => new Error("a value"),
  () => Object.create(null),
  () => Object.assign(Object.create(null), { length: 2, shape: [1], data: [1], name: "a" }),
  () => Object.freeze({ shape: [2], data: [1, 2] }),
  () => Object.freeze([1, 2, 3]),
  () => ({ shape: null, data: null }),
  () => ({ shape: [2], data: null }),
  () => ({ shape: "2", data: [1, 2] }),
  () => ({ shape: [-1], data: [] }),
  () => ({ shape: [Number.NaN], data: [1] }),
  () => ({ length: 3 }),
  () => ({ length: -1 }),
  () => ({ name: null }),
  () => ({ name: "adam", learningRate: "0.1" }),
  () => ({ kind: "ragged" }),
  () => ({ kind: "dense", size: 2, x: null, y: null }),
  () => ({ x: null, y: null }),
  () => ({ x: [[1]], y: undefined }),
  () => ({ outputs: [], updates: [] }),
  () => ({ outputs: [null], updates: [null] }),
  () => ({ signal: {}, callbacks: [null], device: {} }),
  () => new Proxy({}, {}),
  () => new Proxy([], {}),
  () => new Proxy(() => 1, {}),
  () => new Proxy({}, { get: raise }),
  () => new Proxy({}, { ownKeys: raise, has: raise }),
  () => Object.defineProperty({}, "name", { enumerable: true, get: raise }),
  () => Object.defineProperty({}, "units", { enumerable: true, get: raise }),
  () => ({ toString: raise, valueOf: raise }),
  () => ({ toString: null, valueOf: null }),
  () => ({ [Symbol.toPrimitive]: () => ({}) }),
  () => ({ [Symbol.iterator]: 5 }),
  () => ({ *[Symbol.iterator]() {} }),
  () => Promise.resolve(1),
  () => new Float32Array([1, Number.NaN]),
  () => new Float64Array([1, 2]),
  () => new Int32Array([1, -2]),
  () => new Uint8Array([1, 2, 3]),
  () => new BigInt64Array([1n]),
  () => new DataView(new ArrayBuffer(8)),
  () => new ArrayBuffer(4),
  shared,
  detached,
  () => ({ shape: [2], data: detached() }),
  () => ({ shape: [2], data: shared() }),
  () => new Number(3),
  () => new String("relu"),
  () => new Boolean(true),
  () => new AbortController(),
  () => new AbortController().signal,
  () => new URL("file:///nowhere"),
];

/** One of a list. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.integer(list.length)] as T;
}

/** A hostile value. */
export function hostile(random: Random): unknown {
  return pick(random, random.uniform() < 0.4 ? HOSTILE : HOSTILE_OBJECTS)();
}

/** Arguments with one or more hostile values among them, or within their options. */
export function spoilt(random: Random, valid: readonly unknown[]): unknown[] {
  const args = [...valid];
  const style = random.uniform();
  const objects = args.flatMap((value, at) => (isOptions(value) ? [at] : []));
  if (style < 0.15 || args.length === 0) {
    return Array.from({ length: random.integer(Math.max(args.length, 2) + 1) }, () => hostile(random));
  }
  if (style < 0.6 && objects.length > 0) {
    const at = pick(random, objects);
    const options = { ...(args[at] as object) };
    const names = Object.keys(options);
    const name = random.uniform() < 0.1 || names.length === 0 ? "surprise" : pick(random, names);
    args[at] = Object.defineProperty(options, name, {
      value: hostile(random),
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return args;
  }
  if (style < 0.7) return args.slice(0, random.integer(args.length));
  args[random.integer(args.length)] = hostile(random);
  return args;
}

function isOptions(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
