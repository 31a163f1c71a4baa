import { at } from "../../core/at.ts";
import { DTypeError } from "../../core/errors.ts";
import { checkShape } from "../../core/nd_array.ts";
import {
  checkedLater,
  integer,
  rate as rateKind,
  readSome,
  readValue,
  required,
  type TableOf,
} from "../../core/option_table.ts";
import { threefry2x32, wordToUniform } from "../../core/random.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import { defineOp, type NoAttributes, type Out, referenceFor } from "../../graph/op.ts";
import { expectValue, type Value } from "../../graph/operation.ts";
import { randomUniformCall } from "../../kernels/data/random.ts";
import { cast, greaterEqual, mul } from "../elementwise/arithmetic.ts";
import { reshape, slice } from "./movement.ts";

interface RandomInputs {
  readonly counter: Value;
}

interface RandomAttributes {
  readonly shape: Shape;
  readonly seed: number;
  readonly stream: number;
}

const randomUniformOp = defineOp<RandomInputs, RandomAttributes, Out>({
  kind: "kernel",
  name: "randomUniform",
  infer: ({ inputs: { counter }, attributes: { shape } }) => {
    if (counter.dtype !== "int32" || counter.shape.length !== 0) {
      throw new DTypeError("randomUniform: expected an int32 scalar as counter", { dtype: counter.dtype });
    }
    return { out: { shape, dtype: "float32" } };
  },
  vjp: () => ({}),
  lower: ({ inputs: { counter }, outputs: { out }, attributes: { seed, stream } }) => [
    randomUniformCall(counter, out, { seed, stream }),
  ],
});

export const randomUniformReference = referenceFor(
  randomUniformOp,
  ({ inputs: { counter }, attributes: { shape, seed, stream } }) => {
    const count = at(counter.data, 0);
    const data = Float64Array.from({ length: sizeOf(shape) }, (_, index) =>
      wordToUniform(threefry2x32(seed, stream, index, count)[0]),
    );
    return { out: { shape, data } };
  },
);

/** Where random numbers come from: one seed and stream, and a counter (int32 scalar) that changes at every step. */
export interface RandomSource {
  readonly counter: Value;
  readonly seed: number;
  readonly stream: number;
}

const SOURCE = {
  counter: required(checkedLater<Value>("an int32 scalar")),
  seed: required(integer),
  stream: required(integer),
} satisfies TableOf<RandomSource>;

/** Random numbers of the same source that have nothing to do with those of another branch. */
export function branchOf(source: RandomSource, branch: number): RandomSource {
  return {
    ...source,
    stream: (Math.imul(source.stream ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(branch + 1, 0xc2b2ae35)) >>> 0,
  };
}

/**
 * Uniform float32 numbers in [0, 1): a pure function of seed, stream, counter and position; the same on CPU and GPU.
 */
export function randomUniform(shape: Shape, source: RandomSource): Value {
  checkShape(shape, "randomUniform");
  const { counter, seed, stream } = readSome("randomUniform(shape)", SOURCE, source);
  return randomUniformOp({ counter }, { shape: [...shape], seed: seed >>> 0, stream: stream >>> 0 }).out;
}

interface Uniforms {
  readonly u: Value;
  readonly v: Value;
}

const boxMullerOp = defineOp<Uniforms, NoAttributes, Out>({
  kind: "elementwise",
  name: "boxMuller",
  infer: ({ inputs: { u } }) => ({ out: { shape: u.shape, dtype: "float32" } }),
  compute: ({ u, v }) => Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v),
  vjp: () => ({}),
});

/** Standard normal float32 numbers (Box & Muller 1958), a pure function of seed, stream, counter and position. */
export function randomNormal(shape: Shape, source: RandomSource): Value {
  checkShape(shape, "randomNormal");
  const half = (which: number) =>
    reshape(slice(randomUniform([2, sizeOf(shape)], source), [which, 0], [1, sizeOf(shape)]), shape);
  return boxMullerOp({ u: half(0), v: half(1) }, {}).out;
}

/**
 * Sets a share `rate` of the elements to 0 and scales the others by 1 / (1 − rate). `noiseShape` broadcasts to x's
 * shape: elements that share a place of it are kept or dropped together.
 * @throws ValueError when `rate` is outside [0, 1).
 */
export function dropout(x: Value, rate: number, source: RandomSource, noiseShape?: Shape): Value {
  readValue("dropout", "rate", rateKind, rate);
  expectValue("dropout", x);
  if (rate === 0) return x;
  const keep = cast(greaterEqual(randomUniform(noiseShape ?? x.shape, source), rate), "float32");
  return mul(x, mul(keep, 1 / (1 - rate)));
}
