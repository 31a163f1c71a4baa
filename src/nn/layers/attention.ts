/** Dot-product and additive attention. */
import { ShapeError } from "../../core/errors.ts";
import {
  flag,
  integer,
  type OptionsOf,
  oneOf,
  optional,
  rate,
  readOptions,
  withDefault,
} from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import { constant, type Value } from "../../graph/operation.ts";
import { expandDims } from "../../ops/data/movement.ts";
import { dropout } from "../../ops/data/random.ts";
import { add, cast, logicalAnd, mul, sub, tanh } from "../../ops/elementwise/arithmetic.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { sum } from "../../ops/reduce/reduce.ts";
import { softmax } from "../../ops/reduce/softmax.ts";
import { glorotUniform, ones } from "../weights/initializers.ts";
import type { CallContext, CallResult, LayerConfig, LayerOptions, WeightSpec } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { MergeLayer } from "./merge_layer.ts";

/** Options that both attentions have. */
interface SharedOptions extends LayerOptions {
  /** The share of weights set to 0 while training; 0 when absent. */
  readonly dropout?: number;
  /** Of the dropout; it follows from the model's seed when absent or null. */
  readonly seed?: number | null;
  /** Step i of the query sees no step after i of the value: for decoders. In Keras an argument of the call. */
  readonly useCausalMask?: boolean;
}

const SHARED = {
  dropout: withDefault(rate, 0),
  seed: optional(integer),
  useCausalMask: withDefault(flag, false),
  ...LAYER,
};

/** What is subtracted from scores that are not to count. */
const FAR = 1e9;

/** bool `[1, Tq, Tv]`: true where the value's step is not after the query's. */
export function causalMask(query: number, value: number): Value {
  const data = Int32Array.from({ length: query * value }, (_, index) =>
    Number(index % value <= Math.floor(index / value)),
  );
  return constant({ shape: [1, query, value], data }, "bool");
}

/** Both of two masks that may be absent. */
export function bothOf(a: Value | undefined, b: Value | undefined): Value | undefined {
  return a === undefined || b === undefined ? (a ?? b) : logicalAnd(a, b);
}

/** Weights over the last axis that are 0 where `mask`, which broadcasts, is false. */
export function maskedSoftmax(scores: Value, mask: Value | undefined): Value {
  if (mask === undefined) return softmax(scores);
  return softmax(sub(scores, mul(sub(1, cast(mask, "float32")), FAR)));
}

/** The base: scores become weights, and the output is the values' weighted sum. */
abstract class BaseAttention extends MergeLayer {
  readonly dropout: number;
  readonly seed: number | undefined;
  readonly useCausalMask: boolean;

  constructor(given: OptionsOf<typeof SHARED>) {
    super(given);
    this.dropout = given.dropout;
    this.seed = given.seed ?? undefined;
    this.useCausalMask = given.useCausalMask;
  }

  /** `[B, Tq, Tv]` for a query `[B, Tq, D]` and a key `[B, Tv, D]`. */
  protected abstract scores(query: Value, key: Value): Value;

  protected override get baseConfig(): LayerConfig {
    const { dropout: rate, seed, useCausalMask } = this;
    return { dropout: rate, ...(seed !== undefined && { seed }), useCausalMask, ...super.baseConfig };
  }

  override get inputCount() {
    return { least: 2, most: 3 };
  }

  override outputShape(...inputShapes: readonly Shape[]): Shape {
    const [query, value, key = value] = inputShapes as [Shape, Shape, Shape?];
    const areSequences = inputShapes.every((shape) => shape.length === 2);
    if (!areSequences || query[1] !== key?.[1] || value[0] !== key[0]) {
      const text = inputShapes.map((shape) => `[B, ${shape.join(", ")}]`).join(", ");
      throw new ShapeError(
        `${this.label}: got ${text}; expected query [B, Tq, D], value [B, Tv, V] and, if not ` +
          "the value itself, key [B, Tv, D]",
        { inputShapes },
      );
    }
    return [query[0] as number, value[1] as number];
  }

  merge(inputs: readonly Value[], { masks, training, random }: CallContext): CallResult {
    const [query, value, key = value] = inputs as [Value, Value, Value?];
    const [queryMask, valueMask] = masks;
    const scores = this.scores(query, key as Value);
    const counts = bothOf(
      valueMask && expandDims(valueMask, 1),
      this.useCausalMask ? causalMask(scores.shape[1] as number, scores.shape[2] as number) : undefined,
    );
    const weights = maskedSoftmax(scores, counts);
    const source = training && this.dropout > 0 ? random() : undefined;
    const seeded = source && (this.seed === undefined ? source : { ...source, seed: this.seed });
    const output = matmul(seeded === undefined ? weights : dropout(weights, this.dropout, seeded), value);
    if (queryMask === undefined) return { output };
    return { output: mul(output, cast(expandDims(queryMask, 2), "float32")), mask: queryMask };
  }
}

/** Options of `attention`. */
export interface AttentionOptions extends SharedOptions {
  /** Multiply the scores by a learned number; false when absent. */
  readonly useScale?: boolean;
  /** "dot" (the default): query · key. "concat": a learned number times Σ tanh(query + key). */
  readonly scoreMode?: "dot" | "concat";
}

const ATTENTION = {
  useScale: withDefault(flag, false),
  scoreMode: withDefault(oneOf(["dot", "concat"]), "dot"),
  ...SHARED,
};

/**
 * Dot-product attention (Luong et al. 2015): inputs query `[B, Tq, D]`, value `[B, Tv, V]` and perhaps key `[B, Tv, D]`
 * -> `[B, Tq, V]`. Steps that the value's mask leaves out get no weight; the output is 0 where the query's mask is
 * false.
 * Keras: https://keras.io/api/layers/attention_layers/attention/
 */
export class Attention extends BaseAttention {
  readonly className = "Attention";
  readonly useScale: boolean;
  readonly scoreMode: "dot" | "concat";

  constructor(options: AttentionOptions = {}) {
    const given = readOptions("attention", ATTENTION, options);
    super(given);
    this.useScale = given.useScale;
    this.scoreMode = given.scoreMode;
  }

  get config(): LayerConfig {
    return { useScale: this.useScale, scoreMode: this.scoreMode, ...this.baseConfig };
  }

  override weightSpecs(..._inputShapes: readonly Shape[]): readonly WeightSpec[] {
    const one = (name: string): WeightSpec => ({ name, shape: [], initializer: ones() });
    return [
      ...(this.useScale ? [one("scale")] : []),
      ...(this.scoreMode === "concat" ? [one("concat_score_weight")] : []),
    ];
  }

  protected scores(query: Value, key: Value): Value {
    if (this.scoreMode === "dot") {
      const products = matmul(query, key, { transposeB: true });
      return this.useScale ? mul(products, this.weight(0)) : products;
    }
    const sums = add(expandDims(query, 2), expandDims(key, 1));
    const scaled = this.useScale ? mul(sums, this.weight(0)) : sums;
    return mul(sum(tanh(scaled), { axes: -1 }), this.weight(this.useScale ? 1 : 0));
  }
}

/** A dot-product attention: `attention().call([query, value])`. */
export function attention(options: AttentionOptions = {}): Attention {
  return new Attention(options);
}

/** Options of `additiveAttention`. */
export interface AdditiveAttentionOptions extends SharedOptions {
  /** Multiply the features by learned numbers, `[D]`; true when absent. */
  readonly useScale?: boolean;
}

const ADDITIVE_ATTENTION = {
  useScale: withDefault(flag, true),
  ...SHARED,
};

/**
 * Additive attention (Bahdanau et al. 2015): as `attention`, with Σ scale · tanh(query + key) for scores.
 * Keras: https://keras.io/api/layers/attention_layers/additive_attention/
 */
export class AdditiveAttention extends BaseAttention {
  readonly className = "AdditiveAttention";
  readonly useScale: boolean;

  constructor(options: AdditiveAttentionOptions = {}) {
    const given = readOptions("additiveAttention", ADDITIVE_ATTENTION, options);
    super(given);
    this.useScale = given.useScale;
  }

  get config(): LayerConfig {
    return { useScale: this.useScale, ...this.baseConfig };
  }

  override weightSpecs(...inputShapes: readonly Shape[]): readonly WeightSpec[] {
    const width = inputShapes[0]?.at(-1) ?? 1;
    return this.useScale ? [{ name: "scale", shape: [width], initializer: glorotUniform() }] : [];
  }

  protected scores(query: Value, key: Value): Value {
    const features = tanh(add(expandDims(query, 2), expandDims(key, 1)));
    return sum(this.useScale ? mul(features, this.weight(0)) : features, { axes: -1 });
  }
}

/** An additive attention: `additiveAttention().call([query, value])`. */
export function additiveAttention(options: AdditiveAttentionOptions = {}): AdditiveAttention {
  return new AdditiveAttention(options);
}
