/** What a loader under test is, and what all of them use. */
import fc from "fast-check";
import { sizeOf } from "../../src/core/shape.ts";
import type { WordVectors } from "../../src/embed/index.ts";
import type { Model, NdArray } from "../../src/index.ts";
import type { Files } from "./mutations.ts";

/** A loader, ready to be given damaged files. */
export interface Fuzzed {
  /** Files, damaged. */
  readonly files: fc.Arbitrary<() => Files | Promise<Files>>;
  /** Loads them, and checks what came of them. @throws what the loader throws, or AssertionError. */
  load(files: Files): Promise<void>;
  /** Errors beside FormatError by which a file is refused. */
  readonly refusals?: readonly (new (
    ...args: never[]
  ) => Error)[];
}

/** What a loader gave is not whole. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}
/** @throws AssertionError with what does not hold. */
export function check(holds: boolean, what: string): void {
  if (!holds) throw new AssertionError(what);
}

/** One file. */
export const single = (bytes: Uint8Array): Files => new Map([["file", bytes]]);
/** The bytes of the one file. */
export const onlyOf = (files: Files): Uint8Array => [...files.values()][0] ?? new Uint8Array();
/** A value as JSON. */
export const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Samples, each damaged in one of several ways. */
export function damaged(
  samples: readonly Files[],
  ...ways: readonly fc.Arbitrary<(files: Files) => Files | Promise<Files>>[]
) {
  return fc.tuple(fc.constantFrom(...samples), fc.oneof(...ways)).map(
    ([files, change]) =>
      () =>
        change(files),
  );
}

/** A tensor's data fill its shape. */
export function checkArrays(arrays: Iterable<NdArray>): void {
  for (const { shape, data } of arrays)
    check(sizeOf(shape) === data.length, `[${shape}] holds ${data.length} elements`);
}

/** A model's weights are there, finite and in shape; then it goes. */
export async function checkModel(model: Model<NdArray | NdArray[]>): Promise<void> {
  try {
    const weights = await model.weights();
    checkArrays(weights);
    check(
      weights.every(({ data }) => data.every(Number.isFinite)),
      "a weight is not finite",
    );
  } finally {
    model.dispose();
  }
}

/** Words are there once each, their vectors finite. */
export function checkWords({ words, size, data, vectorSize }: WordVectors): void {
  check(new Set(words).size === size && data.length === size * vectorSize, `${size} words, ${data.length} numbers`);
  check(data.every(Number.isFinite), "a vector is not finite");
}
