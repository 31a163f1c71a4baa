import { ShapeError, ValueError } from "../../core/errors.ts";
import { type ArrayLike, isRow, isShaped, toNdArray } from "../../core/nd_array.ts";
import {
  flag,
  type OptionKind,
  optional,
  positive,
  readOptions,
  required,
  withDefault,
} from "../../core/option_table.ts";
import { formatShape, type Shape, sameShape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { gather } from "../../ops/data/gather.ts";
import { notEqual } from "../../ops/elementwise/arithmetic.ts";
import type { Initializer } from "../weights/initializers.ts";
import {
  type CallContext,
  type CallResult,
  Layer,
  type LayerConfig,
  type LayerOptions,
  type WeightSpec,
} from "./layer.ts";
import { LAYER, weightTable } from "./layer_options.ts";
import { type WeightOptions, WeightRule } from "./weight_options.ts";

/** Options of `embedding`. */
export interface EmbeddingOptions extends LayerOptions, WeightOptions<"embeddings"> {
  /** How many ids there are: they go from 0 to inputDim − 1. */
  readonly inputDim: number;
  /** The length of a vector. */
  readonly outputDim: number;
  /** Id 0 is padding: later layers skip its timesteps. */
  readonly maskZero?: boolean;
  /** The table to begin with, `[inputDim, outputDim]`, such as vectors trained elsewhere; instead of an initializer. */
  readonly weights?: ArrayLike;
}

/** A table to begin with; the layer checks its shape. */
const tableKind: OptionKind<ArrayLike> = {
  expected: "numbers, [inputDim, outputDim]",
  read: (value) => (isRow(value) || isShaped(value) ? (value as ArrayLike) : undefined),
};

const EMBEDDING = {
  inputDim: required(positive),
  outputDim: required(positive),
  maskZero: withDefault(flag, false),
  weights: optional(tableKind),
  ...weightTable("embeddings", "randomUniform"),
  ...LAYER,
};

/**
 * Turns ids into vectors: int32 `[B, T]` -> `[B, T, outputDim]`. Keras:
 * https://keras.io/api/layers/core_layers/embedding/
 */
export class Embedding extends Layer {
  readonly className = "Embedding";
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero: boolean;
  readonly #embeddings: WeightRule;
  readonly #given: Initializer | undefined;

  constructor(options: EmbeddingOptions) {
    const given = readOptions("embedding", EMBEDDING, options);
    super(given);
    this.inputDim = given.inputDim;
    this.outputDim = given.outputDim;
    this.maskZero = given.maskZero;
    this.#embeddings = new WeightRule("embeddings", given);
    this.#given = given.weights === null ? undefined : this.#giving(given.weights);
  }

  /** Fills the table with given weights. */
  #giving(weights: ArrayLike): Initializer {
    const { shape, data } = toNdArray(weights, "float32", "embedding: weights");
    const expected = [this.inputDim, this.outputDim];
    if (!sameShape(shape, expected)) {
      throw new ShapeError(
        `embedding: weights are ${formatShape(shape)}; expected ${formatShape(expected)}: [inputDim, outputDim]`,
        { shape, expected },
      );
    }
    const index = data.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) throw new ValueError(`embedding: weights hold ${data[index]}; expected finite numbers`, { index });
    return { config: this.#embeddings.initializer.config, fill: () => Float32Array.from(data) };
  }

  get config(): LayerConfig {
    const { inputDim, outputDim, maskZero } = this;
    return { inputDim, outputDim, maskZero, ...this.#embeddings.config, ...this.baseConfig };
  }

  override get inputDType() {
    return "int32" as const;
  }

  override get idLimit() {
    return this.inputDim;
  }

  weightSpecs(_inputShape: Shape): WeightSpec[] {
    return [this.#embeddings.spec("embeddings", [this.inputDim, this.outputDim], this.#given)];
  }

  outputShape(inputShape: Shape): Shape {
    return [...inputShape, this.outputDim];
  }

  compute(ids: Value, _context: CallContext): CallResult {
    return { output: gather(this.weight(0), ids), mask: this.maskZero ? notEqual(ids, 0) : undefined };
  }
}

/** An embedding layer. */
export function embedding(options: EmbeddingOptions): Embedding {
  return new Embedding(options);
}
