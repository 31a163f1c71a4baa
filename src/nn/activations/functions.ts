/** The activation functions, with Keras's options and defaults (https://keras.io/api/layers/activations/). */
import { ValueError } from "../../core/errors.ts";
import { normalizeAxis, type Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { expandDims, slice } from "../../ops/data/movement.ts";
import {
  abs,
  add,
  cast,
  clip,
  div,
  exp,
  greater,
  less,
  lessEqual,
  minimum,
  mul,
  neg,
  relu,
  sigmoid,
  softplus,
  sqrt,
  square,
  stopGradient,
  sub,
  tanh,
  where,
} from "../../ops/elementwise/arithmetic.ts";
import { erf, expm1 } from "../../ops/elementwise/special.ts";
import { sum } from "../../ops/reduce/reduce.ts";
import { logSoftmax, softmax } from "../../ops/reduce/softmax.ts";

/** Serializable options: numbers, flags, and null for "none". */
export type ActivationOptions = Readonly<Record<string, number | boolean | null>>;

/** An activation: the defaults of its options, and its function. */
export interface ActivationFunction {
  readonly defaults: ActivationOptions;
  /** Applies it to a value. */
  apply(x: Value, options: ActivationOptions): Value;
  /** The output's shape, if it differs from the input's. */
  outputShape?(shape: Shape, options: ActivationOptions): Shape;
}

function plain(apply: (x: Value) => Value): ActivationFunction {
  return { defaults: {}, apply };
}

/** `options` always holds every key of `defaults`. */
function withOptions<O extends ActivationOptions>(
  defaults: O,
  apply: (x: Value, options: { readonly [K in keyof O]: O[K] extends boolean ? boolean : number | null }) => Value,
): ActivationFunction {
  return { defaults, apply: apply as ActivationFunction["apply"] };
}

const num = (value: number | null): number => value ?? 0;

/** α · (eˣ − 1) below 0, x above. */
const elu = (x: Value, alpha: number): Value => where(greater(x, 0), x, mul(alpha, expm1(minimum(x, 0))));

const hardSigmoid = (x: Value): Value => div(clip(add(x, 3), 0, 6), 6);

/** Klambauer et al. 2017: https://arxiv.org/abs/1706.02515 */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

function gelu(x: Value, approximate: boolean): Value {
  if (!approximate) return mul(mul(x, 0.5), add(1, erf(mul(x, Math.SQRT1_2))));
  const inner = mul(Math.sqrt(2 / Math.PI), add(x, mul(0.044715, mul(x, square(x)))));
  return mul(mul(x, 0.5), add(1, tanh(inner)));
}

interface ReluOptions {
  readonly negativeSlope: number | null;
  readonly maxValue: number | null;
  readonly threshold: number | null;
}

/** x above `threshold`, clipped at `maxValue`; negativeSlope · (x − threshold) below. */
function generalRelu(x: Value, { negativeSlope, maxValue, threshold }: ReluOptions): Value {
  const [slope, from] = [num(negativeSlope), num(threshold)];
  if (slope === 0 && from === 0 && maxValue === null) return relu(x);
  const above = maxValue === null ? x : minimum(x, maxValue);
  return where(greater(x, from), above, slope === 0 ? 0 : mul(slope, sub(x, from)));
}

/** Half of the axis times the sigmoid of the other half (Dauphin et al. 2017). */
function glu(x: Value, axis: number): Value {
  const at = normalizeAxis("glu", axis, x.shape.length);
  const size = halvedShape(x.shape, axis);
  const half = (start: number) =>
    slice(
      x,
      x.shape.map((_, d) => (d === at ? start : 0)),
      size,
    );
  return mul(half(0), sigmoid(half(size[at] as number)));
}

function halvedShape(shape: Shape, axis: number): Shape {
  const at = normalizeAxis("glu", axis, shape.length);
  const size = shape[at] as number;
  if (size % 2 !== 0) {
    throw new ValueError(`glu: axis ${axis} has ${size} elements; expected an even number`, {
      axis,
      size,
    });
  }
  return shape.map((own, d) => (d === at ? size / 2 : own));
}

/** The Euclidean projection onto the simplex (Martins & Astudillo 2016), over the last axis. */
function sparsemax(x: Value): Value {
  // x_i is in the support of the result if Σ_j max(x_j − x_i, 0) < 1.
  const ahead = sum(relu(sub(expandDims(x, -2), expandDims(x, -1))), { axes: -1 });
  const support = stopGradient(cast(less(ahead, 1), "float32"));
  const rest = { axes: -1, keepDims: true };
  const threshold = div(sub(sum(mul(support, x), rest), 1), sum(support, rest));
  return mul(support, sub(x, threshold));
}

function threshold(x: Value, limit: number | null, value: number | null): Value {
  if (limit === null || value === null) {
    throw new ValueError(
      'the activation "threshold" has no defaults; write { name: "threshold", threshold: …, defaultValue: … }',
    );
  }
  return where(greater(x, limit), x, value);
}

/** Every activation by its name. */
export const ACTIVATIONS = {
  linear: plain((x) => x),
  relu: withOptions({ negativeSlope: 0, maxValue: null, threshold: 0 }, generalRelu),
  sigmoid: plain(sigmoid),
  tanh: plain(tanh),
  softmax: withOptions({ axis: -1 }, (x, { axis }) => softmax(x, axis ?? -1)),
  logSoftmax: withOptions({ axis: -1 }, (x, { axis }) => logSoftmax(x, axis ?? -1)),
  softplus: plain(softplus),
  softsign: plain((x) => div(x, add(1, abs(x)))),
  // In float32, sigmoid(x) is at least exp(-88): multiplied by a large negative x, it would be far from silu's limit 0.
  silu: plain((x) => mul(where(less(x, -88), 0, x), sigmoid(x))),
  elu: withOptions({ alpha: 1 }, (x, { alpha }) => elu(x, num(alpha))),
  selu: plain((x) => mul(SELU_SCALE, elu(x, SELU_ALPHA))),
  celu: withOptions({ alpha: 1 }, (x, { alpha }) =>
    where(greater(x, 0), x, mul(num(alpha), expm1(div(minimum(x, 0), num(alpha))))),
  ),
  exponential: plain(exp),
  leakyRelu: withOptions({ negativeSlope: 0.2 }, (x, { negativeSlope }) =>
    where(greater(x, 0), x, mul(num(negativeSlope), x)),
  ),
  relu6: plain((x) => clip(x, 0, 6)),
  gelu: withOptions({ approximate: false }, (x, { approximate }) => gelu(x, approximate)),
  glu: {
    defaults: { axis: -1 },
    /** Half of x, times the sigmoid of the other half. */
    apply: (x: Value, { axis }: ActivationOptions) => glu(x, Number(axis)),
    /** Half of the axis. */
    outputShape: (shape: Shape, { axis }: ActivationOptions) => halvedShape(shape, Number(axis)),
  },
  hardSigmoid: plain(hardSigmoid),
  hardSilu: plain((x) => mul(x, hardSigmoid(x))),
  hardTanh: plain((x) => clip(x, -1, 1)),
  hardShrink: withOptions({ threshold: 0.5 }, (x, { threshold: limit }) => where(greater(abs(x), num(limit)), x, 0)),
  softShrink: withOptions({ threshold: 0.5 }, (x, { threshold: limit }) =>
    sub(relu(sub(x, num(limit))), relu(sub(neg(x), num(limit)))),
  ),
  tanhShrink: plain((x) => sub(x, tanh(x))),
  logSigmoid: plain((x) => neg(softplus(neg(x)))),
  mish: plain((x) => mul(x, tanh(softplus(x)))),
  sparsePlus: plain((x) => where(lessEqual(x, -1), 0, where(less(x, 1), mul(0.25, square(add(x, 1))), x))),
  sparseSigmoid: plain((x) => clip(mul(0.5, add(x, 1)), 0, 1)),
  sparsemax: plain(sparsemax),
  squareplus: withOptions({ b: 4 }, (x, { b }) => mul(0.5, add(x, sqrt(add(square(x), num(b)))))),
  threshold: withOptions({ threshold: null, defaultValue: null }, (x, { threshold: limit, defaultValue }) =>
    threshold(x, limit, defaultValue),
  ),
} as const satisfies Readonly<Record<string, ActivationFunction>>;
