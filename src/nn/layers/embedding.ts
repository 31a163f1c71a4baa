import type { Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { notEqual } from "../../ops/arithmetic.ts";
import { gather } from "../../ops/gather.ts";
import { type Initializer, type InitializerLike, resolveInitializer } from "../initializers.ts";
import { type CallContext, type CallResult, expectPositive, Layer } from "./layer.ts";

/** Options of `embedding`. */
export interface EmbeddingOptions {
  readonly name?: string;
  /** How many ids there are: they go from 0 to inputDim − 1. */
  readonly inputDim: number;
  /** The length of a vector. */
  readonly outputDim: number;
  /** Random uniform in ±0.05 when absent. */
  readonly embeddingsInitializer?: InitializerLike;
  /** Id 0 is padding: later layers skip its timesteps. */
  readonly maskZero?: boolean;
}

/** Turns ids into vectors: int32 `[B, T]` -> `[B, T, outputDim]`. Keras: https://keras.io/api/layers/core_layers/embedding/ */
export class Embedding extends Layer {
  readonly className = "Embedding";
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero: boolean;
  readonly #initializer: Initializer;

  constructor(options: EmbeddingOptions) {
    super(options.name);
    expectPositive("embedding", "inputDim", options.inputDim);
    expectPositive("embedding", "outputDim", options.outputDim);
    this.inputDim = options.inputDim;
    this.outputDim = options.outputDim;
    this.maskZero = options.maskZero ?? false;
    this.#initializer = resolveInitializer(options.embeddingsInitializer ?? "randomUniform");
  }

  get config() {
    const { inputDim, outputDim, maskZero } = this;
    return { inputDim, outputDim, maskZero, embeddingsInitializer: this.#initializer.config };
  }

  override get inputDType() {
    return "int32" as const;
  }

  weightSpecs() {
    return [{ name: "embeddings", shape: [this.inputDim, this.outputDim], initializer: this.#initializer }];
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
