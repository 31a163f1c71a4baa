/** How a case of an op is declared: one table serves the gradient check in float64 and the comparison with the GPU. */
import type { DType } from "../../../src/core/dtype.ts";
import { type NdArray, Random, type Shape, type Value } from "../../../src/index.ts";
import type { Tolerance } from "../../support/tolerance.ts";

/** An input of a case and how it is filled. */
export interface TensorSpec {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly draw: (random: Random, index: number) => number;
}

/** A graph with random inputs. */
export interface OpCase {
  /** The op under test; cases of one op run as one program. */
  readonly op: string;
  /** What is peculiar to this case. */
  readonly name: string;
  readonly inputs: readonly TensorSpec[];
  readonly build: (values: readonly Value[]) => readonly Value[];
  /** False where the op has no gradient by any of its inputs. */
  readonly hasGradient?: boolean;
  /** Outputs that the random cotangents leave out, such as gates that are only to be looked at. */
  readonly withoutCotangent?: readonly number[];
  /** False for a variant that only the gradient check needs: on lavapipe a sweep's shader takes seconds to compile. */
  readonly isOnGpu?: boolean;
  /** Of the GPU against float64. */
  readonly tolerance?: Tolerance;
}

/** Of float32 against float64 where a case says nothing. */
export const DEFAULT_TOLERANCE: Tolerance = { absolute: 2e-6, relative: 1e-5 };

/** Standard normal numbers, times `scale`. */
export function normal(shape: Shape, scale = 1): TensorSpec {
  return { shape, dtype: "float32", draw: (random) => random.normal() * scale };
}

/** Uniform in [low, high). */
export function uniform(shape: Shape, low: number, high: number): TensorSpec {
  return { shape, dtype: "float32", draw: (random) => low + (high - low) * random.uniform() };
}

/** Numbers of both signs whose size is at least 1/2: far from 0. */
export function apart(shape: Shape): TensorSpec {
  return { shape, dtype: "float32", draw: (random) => (random.uniform() < 0.5 ? -1 : 1) * (0.5 + random.uniform()) };
}

/** Ids from 0 to bound − 1, many of them repeated. */
export function ids(shape: Shape, bound: number): TensorSpec {
  return { shape, dtype: "int32", draw: (random) => random.integer(bound) };
}

/** Ids of left-padded rows `[B, T]`: 0 up to a start that is drawn for each row, then ids from 1 to bound − 1. */
export function paddedIds([batch, time]: readonly [number, number], bound: number): TensorSpec {
  const random = new Random(batch, time);
  const starts = Array.from({ length: batch }, () => random.integer(time + 1));
  return {
    shape: [batch, time],
    dtype: "int32",
    draw: (own, index) => {
      const id = 1 + own.integer(bound - 1);
      return index % time < (starts[Math.floor(index / time)] as number) ? 0 : id;
    },
  };
}

/** Whole numbers from −9 to 9. */
export function whole(shape: Shape): TensorSpec {
  return { shape, dtype: "int32", draw: (random) => random.integer(19) - 9 };
}

/** True for about 7 of 10. */
export function flags(shape: Shape): TensorSpec {
  return { shape, dtype: "bool", draw: (random) => Number(random.uniform() < 0.7) };
}

/** Exactly these elements. */
export function given(shape: Shape, elements: readonly number[], dtype: DType = "float32"): TensorSpec {
  return { shape, dtype, draw: (_random, index) => elements[index] as number };
}

/** The inputs of a case: always the same for one seed, and exact in float32. */
export function drawInputs(specs: readonly TensorSpec[], seed: number): NdArray[] {
  return specs.map(({ shape, dtype, draw }, stream) => {
    const random = new Random(seed, stream);
    const size = shape.reduce((product, axis) => product * axis, 1);
    const elements = Array.from({ length: size }, (_, index) => draw(random, index));
    return { shape, data: dtype === "float32" ? Float32Array.from(elements) : Int32Array.from(elements) };
  });
}

/** A number that is the same for the same text: every case draws its own inputs. */
export function seedOf(text: string): number {
  let hash = 2166136261;
  for (const letter of text) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619);
  return hash >>> 0;
}
