/** What a model takes of its device's memory, as `model.memory` tells it. */

/** Bytes that a work holds on the device, by what they are for. */
export interface MemoryUse {
  /** All together. */
  readonly bytes: number;
  /** Weights, and states that layers keep. */
  readonly weights: number;
  /** The optimizer's state. */
  readonly optimizer: number;
  /** The examples. */
  readonly data: number;
  /** What steps need: activations, gradients, kernels' scratch, what comes back to the host. */
  readonly steps: number;
}

/** Bytes of a training. */
export interface TrainingMemory extends MemoryUse {
  /** In how many micro-batches a batch goes through the model. */
  readonly microBatchesPerStep: number;
}

/** What `memory` gives; as text (`String(memory)`, `${memory}`) it is a table. */
export interface ModelMemory {
  readonly batchSize: number;
  /** The device's, in bytes. */
  readonly memoryLimit: number;
  /** Of `fit`; undefined where the model is not compiled. */
  readonly training: TrainingMemory | undefined;
  /** Of `evaluate` on the same examples; undefined where the model is not compiled. */
  readonly evaluation: MemoryUse | undefined;
  /** Of `predict`. */
  readonly prediction: MemoryUse;
  /** False where `memoryLimit` is too low, even for a batch that goes in micro-batches. */
  readonly fits: boolean;
  /**
   * The most rows, found to within a twentieth, that go through the model at once within the device's limits and
   * `memoryLimit`: in training, or in prediction where the model is not compiled. Larger batches go in micro-batches. 0
   * where not even one row fits.
   */
  readonly largestBatchSize: number;
  /** The figures as lines of text. */
  toString(): string;
}
