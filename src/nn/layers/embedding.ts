import { ShapeError } from "../../core/errors.ts";
import { type ArrayLike, toNdArray } from "../../core/nd_array.ts";
import { formatShape, type Shape, sameShape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { gather } from "../../ops/data/gather.ts";
import { notEqual } from "../../ops/elementwise/arithmetic.ts";
import type { Initializer } from "../weights/initializers.ts";
import { expectPositive } from "./call_checks.ts";
import {
  type CallContext,
  type CallResult,
  Layer,
  type LayerConfig,
  type LayerOptions,
  type WeightSpec,
} from "./layer.ts";
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

/** Turns ids into vectors: int32 `[B, T]` -> `[B, T, outputDim]`. Keras: https://keras.io/api/layers/core_layers/embedding/ */
export class Embedding extends Layer {
  readonly className = "Embedding";
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero: boolean;
  readonly #embeddings: WeightRule;
  readonly #given: Initializer | undefined;

  constructor(options: EmbeddingOptions) {
    super(options);
    expectPositive("embedding", "inputDim", options.inputDim);
    expectPositive("embedding", "outputDim", options.outputDim);
    this.inputDim = options.inputDim;
    this.outputDim = options.outputDim;
    this.maskZero = options.maskZero ?? false;
    this.#embeddings = new WeightRule("embeddings", options, "randomUniform");
    this.#given = options.weights === undefined ? undefined : this.#giving(options.weights);
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
    return { config: this.#embeddings.initializer.config, fill: () => Float32Array.from(data) };
  }

  get config(): LayerConfig {
    const { inputDim, outputDim, maskZero } = this;
    return { inputDim, outputDim, maskZero, ...this.#embeddings.config, ...this.baseConfig };
  }

  protected override get unsavedOptions(): readonly string[] {
    return ["weights"];
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
