/** The result of `model.memory`. */

/** Bytes in use on the device, by purpose. */
export interface MemoryUse {
  /** The total. */
  readonly bytes: number;
  /** Weights and layer states. */
  readonly weights: number;
  /** The optimizer's state. */
  readonly optimizer: number;
  /** The examples. */
  readonly data: number;
  /** Memory of steps: activations, gradients, temporary and readback buffers. */
  readonly steps: number;
}

/** Memory of a training run. */
export interface TrainingMemory extends MemoryUse {
  /** The number of micro-batches per batch. */
  readonly microBatchesPerStep: number;
}

/** The result of `memory`; converted to a string (`${memory}`), it is a table. */
export interface ModelMemory {
  readonly batchSize: number;
  /** The device's memory limit in bytes. */
  readonly memoryLimit: number;
  /** The memory of `fit`; undefined if the model is not compiled. */
  readonly training: TrainingMemory | undefined;
  /** The memory of `evaluate` on the same examples; undefined if the model is not compiled. */
  readonly evaluation: MemoryUse | undefined;
  /** The memory of `predict`. */
  readonly prediction: MemoryUse;
  /** False if `memoryLimit` is too low even with micro-batches. */
  readonly fits: boolean;
  /**
   * The largest number of rows (to within 5%) that fit through the model at once within the device's limits and
   * `memoryLimit`: in training, or in prediction if the model is not compiled. Larger batches are split into
   * micro-batches. 0 if not even one row fits.
   */
  readonly largestBatchSize: number;
  /** Formats the figures as a table. */
  toString(): string;
}
