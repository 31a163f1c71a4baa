import { ShapeError } from "../../core/errors.ts";
import {
  flag,
  integer,
  optional,
  positive,
  rate,
  readOptions,
  required,
  withDefault,
} from "../../core/option_table.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { expandDims, reshape, transpose } from "../../ops/data/movement.ts";
import { dropout } from "../../ops/data/random.ts";
import { add, mul } from "../../ops/elementwise/arithmetic.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { bothOf, causalMask, maskedSoftmax } from "./attention.ts";
import type { CallContext, CallResult, LayerConfig, LayerOptions, WeightSpec } from "./layer.ts";
import { LAYER, weightTable } from "./layer_options.ts";
import { MergeLayer } from "./merge_layer.ts";
import { type WeightOptions, WeightRule } from "./weight_options.ts";
import { oneNumber } from "./window_options.ts";

/** Options of `multiHeadAttention`. */
export interface MultiHeadAttentionOptions extends LayerOptions, WeightOptions<"kernel">, WeightOptions<"bias"> {
  readonly numHeads: number;
  /** The size of a head's queries and keys. */
  readonly keyDim: number;
  /** The size of a head's values; `keyDim` when absent or null. */
  readonly valueDim?: number | null;
  /** The share of weights set to 0 while training; 0 when absent. */
  readonly dropout?: number;
  readonly useBias?: boolean;
  /** The size of the output; the query's when absent or null. */
  readonly outputShape?: number | readonly [number] | null;
  /** Of the dropout; it follows from the model's seed when absent or null. */
  readonly seed?: number | null;
  /** Step i of the query sees no step after i of the value. In Keras an argument of the call. */
  readonly useCausalMask?: boolean;
}

const MULTI_HEAD_ATTENTION = {
  numHeads: required(positive),
  keyDim: required(positive),
  valueDim: optional(positive),
  dropout: withDefault(rate, 0),
  useBias: withDefault(flag, true),
  outputShape: optional(oneNumber),
  seed: optional(integer),
  useCausalMask: withDefault(flag, false),
  ...weightTable("kernel", "glorotUniform"),
  ...weightTable("bias", "zeros"),
  ...LAYER,
};

/**
 * Attention by several heads (Vaswani et al. 2017: https://arxiv.org/abs/1706.03762): query `[B, T, D]`, value `[B, S,
 * V]` and perhaps key `[B, S, K]` -> `[B, T, D]`. Steps that a mask leaves out get no weight. Weights: kernel and bias
 * of query, key, value and attention_output. Keras: https://keras.io/api/layers/attention_layers/multi_head_attention/
 */
export class MultiHeadAttention extends MergeLayer {
  readonly className = "MultiHeadAttention";
  readonly numHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  readonly dropout: number;
  readonly useBias: boolean;
  readonly seed: number | undefined;
  readonly useCausalMask: boolean;
  readonly #width: number | undefined;
  readonly #kernel: WeightRule;
  readonly #bias: WeightRule;

  constructor(options: MultiHeadAttentionOptions) {
    const given = readOptions("multiHeadAttention", MULTI_HEAD_ATTENTION, options);
    super(given);
    this.numHeads = given.numHeads;
    this.keyDim = given.keyDim;
    this.valueDim = given.valueDim ?? given.keyDim;
    this.#width = given.outputShape ?? undefined;
    this.dropout = given.dropout;
    this.useBias = given.useBias;
    this.seed = given.seed ?? undefined;
    this.useCausalMask = given.useCausalMask;
    this.#kernel = new WeightRule("kernel", given);
    this.#bias = new WeightRule("bias", given);
  }

  get config(): LayerConfig {
    const { numHeads, keyDim, valueDim, useBias, seed, useCausalMask } = this;
    return {
      ...{ numHeads, keyDim, valueDim, dropout: this.dropout, useBias, useCausalMask },
      ...(this.#width !== undefined && { outputShape: this.#width }),
      ...(seed !== undefined && { seed }),
      ...{ ...this.#kernel.config, ...this.#bias.config, ...this.baseConfig },
    };
  }

  override get inputCount() {
    return { least: 2, most: 3 };
  }

  override weightSpecs(...inputShapes: readonly Shape[]): readonly WeightSpec[] {
    const [query, value, key = value] = this.#expectSequences(inputShapes);
    const { numHeads: heads, keyDim, valueDim } = this;
    const width = this.#width ?? (query[1] as number);
    const pair = (name: string, kernel: Shape, bias: Shape) => [
      this.#kernel.spec(`${name}/kernel`, kernel),
      ...(this.useBias ? [this.#bias.spec(`${name}/bias`, bias)] : []),
    ];
    return [
      ...pair("query", [query[1] as number, heads, keyDim], [heads, keyDim]),
      ...pair("key", [key[1] as number, heads, keyDim], [heads, keyDim]),
      ...pair("value", [value[1] as number, heads, valueDim], [heads, valueDim]),
      ...pair("attention_output", [heads, valueDim, width], [width]),
    ];
  }

  outputShape(...inputShapes: readonly Shape[]): Shape {
    const [query] = this.#expectSequences(inputShapes);
    return [query[0] as number, this.#width ?? (query[1] as number)];
  }

  #expectSequences(inputShapes: readonly Shape[]): readonly [Shape, Shape, Shape?] {
    const [, value, key = value] = inputShapes;
    if (inputShapes.some((shape) => shape.length !== 2) || value?.[0] !== key?.[0]) {
      const text = inputShapes.map((shape) => `[B, ${shape.join(", ")}]`).join(", ");
      throw new ShapeError(
        `${this.label}: got ${text}; expected query [B, T, D], value [B, S, V] and perhaps key [B, S, K]`,
        { inputShapes },
      );
    }
    return inputShapes as readonly [Shape, Shape, Shape?];
  }

  merge(inputs: readonly Value[], { masks, training, random }: CallContext): CallResult {
    const [query, value, key = value] = inputs as [Value, Value, Value?];
    const [queryMask, valueMask, keyMask] = masks;
    const rows = mul(this.#heads(query, 0), 1 / Math.sqrt(this.keyDim));
    const scores = matmul(rows, this.#heads(key as Value, 1), { transposeB: true });
    const [time, steps] = scores.shape.slice(2) as [number, number];
    const counts = [
      queryMask && expandDims(queryMask, 2),
      valueMask && expandDims(valueMask, 1),
      keyMask && expandDims(keyMask, 1),
      this.useCausalMask ? causalMask(time, steps) : undefined,
    ].reduce(bothOf);
    const weights = maskedSoftmax(scores, counts && expandDims(counts, 1));
    const source = training && this.dropout > 0 ? random() : undefined;
    const seeded = source && (this.seed === undefined ? source : { ...source, seed: this.seed });
    const kept = seeded === undefined ? weights : dropout(weights, this.dropout, seeded);
    const joined = transpose(matmul(kept, this.#heads(value, 2)), [0, 2, 1, 3]);
    const [batch] = joined.shape as [number];
    const flat = reshape(joined, [batch, time, this.numHeads * this.valueDim]);
    return { output: this.#project(flat, 3), mask: queryMask };
  }

  /** x `[B, T, D]` projected by the pair of weights at `index`, as `[B, heads, T, size]`. */
  #heads(x: Value, index: number): Value {
    const [batch, time] = x.shape as [number, number];
    return transpose(reshape(this.#project(x, index), [batch, time, this.numHeads, -1]), [0, 2, 1, 3]);
  }

  #project(x: Value, index: number): Value {
    const kernel = this.weight(this.useBias ? 2 * index : index);
    const product = matmul(x, reshape(kernel, [x.shape.at(-1) as number, -1]));
    if (!this.useBias) return product;
    const bias = this.weight(2 * index + 1);
    return add(product, reshape(bias, [sizeOf(bias.shape)]));
  }
}

/** An attention by several heads: `multiHeadAttention({ numHeads: 2, keyDim: 16 }).call([query, value])`. */
export function multiHeadAttention(options: MultiHeadAttentionOptions): MultiHeadAttention {
  return new MultiHeadAttention(options);
}
