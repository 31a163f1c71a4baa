/** The parts of the model that a training step needs. */
import type { Update, Value, Variable } from "../../graph/operation.ts";
import type { Device } from "../../runtime/device.ts";
import type { Variants } from "../../runtime/measure/tune.ts";
import type { Optimizer } from "../optimizers/index.ts";
import type { Constraint } from "../weights/constraints.ts";
import type { OutputObjective, Outputs } from "./objective.ts";

/** The parts of the model that a step needs. */
export interface StepModel {
  readonly device: Device;
  /**
   * Builds the outputs. `step` seeds the random layers and is given in training only; each micro-batch (counted from 0)
   * draws its own random numbers.
   */
  forward(
    xs: readonly Value[],
    step?: Value,
    microBatch?: number,
  ): Outputs & {
    /** Scalars that are added to the loss. */
    readonly penalties: readonly Value[];
    /** The updates of the layers' states. */
    readonly updates: readonly Update[];
  };
  /** The constraint that applies to a weight after each step. */
  constraintOf(weight: Variable): Constraint | undefined;
  /** The kernel variants that tuning chose for this model. */
  readonly variants?: Variants | undefined;
}

/** The compiled training configuration of a model. */
export interface Compiled {
  readonly optimizer: Optimizer;
  /** One for each output. */
  readonly objectives: readonly OutputObjective[];
  /** The weights to train: those that were not frozen when the model was compiled. */
  readonly weights: readonly Variable[];
  /** One list of slots per weight. */
  readonly slots: readonly (readonly Variable[])[];
}
