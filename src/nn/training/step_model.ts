/** What a training step knows of the model, and what was compiled into it. */
import type { Update, Value, Variable } from "../../graph/operation.ts";
import type { Device } from "../../runtime/device.ts";
import type { Variants } from "../../runtime/measure/tune.ts";
import type { Optimizer } from "../optimizers/index.ts";
import type { Constraint } from "../weights/constraints.ts";
import type { OutputObjective, Outputs } from "./objective.ts";

/** What a step needs of the model. */
export interface StepModel {
  readonly device: Device;
  /**
   * Builds the outputs. `step` feeds the random layers and is given while training only; micro-batches, counted from 0,
   * draw random numbers of their own.
   */
  forward(
    xs: readonly Value[],
    step?: Value,
    microBatch?: number,
  ): Outputs & {
    /** Scalars that are added to the loss. */
    readonly penalties: readonly Value[];
    /** What state of the layers holds after the run. */
    readonly updates: readonly Update[];
  };
  /** What a weight is held to after each step. */
  constraintOf(weight: Variable): Constraint | undefined;
  /** The kernels' variants that this model's programs were tuned to. */
  readonly variants?: Variants | undefined;
}

/** What was compiled into a model. */
export interface Compiled {
  readonly optimizer: Optimizer;
  /** One for each output. */
  readonly objectives: readonly OutputObjective[];
  /** The weights to train: those that were not frozen when the model was compiled. */
  readonly weights: readonly Variable[];
  /** One list of slots per weight. */
  readonly slots: readonly (readonly Variable[])[];
}
