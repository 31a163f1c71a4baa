/**
 * The graphs of a training step and of an evaluation step, each ONE Program: batch, forward, loss, backward, update,
 * sums.
 */
import { DeviceLostError, LimitError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { input, type Update, type Value, type Variable } from "../../graph/operation.ts";
import { reshape } from "../../ops/data/movement.ts";
import { equal, where } from "../../ops/elementwise/arithmetic.ts";
import { RATE_COUNT } from "../../ops/optimizers/update_op.ts";
import { checkFinite } from "../../ops/reduce/check_finite.ts";
import { type Feeds, Program } from "../../runtime/run/program.ts";
import type { BatchSource } from "../data/batch_source.ts";
import type { Constraint } from "../weights/constraints.ts";
import { evenMicroBatches, gradientsOfBatch, measureBatch } from "./micro_batches.ts";
import type { RunningTotals } from "./running_totals.ts";
import type { Compiled, StepModel } from "./step_model.ts";

/** A step compiled for one source of batches and one batch size. */
export interface StepProgram<At = number> {
  readonly program: Program;
  readonly batchSize: number;
  /** The number of micro-batches per batch. */
  readonly microBatches: number;
  /** The feeds of a step. */
  feeds(step: StepFeeds<At>): Feeds;
}

/** The inputs that change with every step. */
export interface StepFeeds<At> {
  /** The batch: its offset in the permutation, or the examples themselves. */
  readonly at: At;
  /** The number of steps before this one. */
  readonly iteration: number;
  readonly rates: readonly number[];
}

const int32 = (value: number): NdArray => ({ shape: [], data: Int32Array.of(value) });

/** Applies the weight's constraint to its update, unless the step was not finite. */
function constrained({ variable, value }: Update, constraint: Constraint, isSound: Value): Update {
  return { variable, value: where(isSound, constraint.apply(value), value) };
}

/** The options that all steps of a training run share. */
export interface TrainStepParts {
  readonly model: StepModel;
  readonly compiled: Compiled;
  readonly sums: RunningTotals;
  readonly status: Variable;
  /**
   * Whether the status also reports updated weights and optimizer state that are not finite; these are still written.
   */
  readonly checksUpdates?: boolean;
}

/** The batch size and micro-batch size of a step. */
export interface StepSize {
  readonly batchSize: number;
  /** Default: `batchSize`. */
  readonly microBatchSize?: number | undefined;
}

/**
 * Compiles one training step. Its outputs: the running sums, then the status (0, or 1 + the first step that was not
 * finite). A batch that exceeds a device limit is split into the fewest micro-batches (2, 4, 8, …) that fit.
 * @throws LimitError if not even one row fits, or the model cannot split its batches.
 */
export async function trainStep<At>(
  parts: TrainStepParts,
  source: BatchSource<At>,
  { batchSize, microBatchSize = batchSize }: StepSize,
): Promise<StepProgram<At>> {
  return inMicroBatches(batchSize, microBatchSize, (rows) => compileTrainStep(parts, source, batchSize, rows));
}

/** Compiles a step for the given micro-batch size, which is halved until it fits the device. */
async function inMicroBatches<Step>(
  batchSize: number,
  most: number,
  compile: (rows: number) => Promise<Step>,
): Promise<Step> {
  let first: LimitError | undefined;
  for (let rows = Math.min(most, batchSize); ; rows = Math.ceil(rows / 2)) {
    try {
      return await compile(rows);
    } catch (error) {
      if (error instanceof DeviceLostError) throw error;
      const isTooLarge = error instanceof LimitError;
      if (first !== undefined && !isTooLarge) {
        const { message } = error as Error;
        throw new LimitError(`${first.message} It cannot be split into micro-batches: ${message}`, first.details, {
          cause: error,
        });
      }
      if (!isTooLarge || rows === 1) throw first ?? error;
      first ??= error;
    }
  }
}

async function compileTrainStep<At>(
  { model, compiled, sums, status, checksUpdates = false }: TrainStepParts,
  source: BatchSource<At>,
  batchSize: number,
  rows: number,
): Promise<StepProgram<At>> {
  const open = source.open(batchSize);
  const step = input("step", [], "int32");
  const rates = input("rates", [RATE_COUNT]);
  const { optimizer, weights, slots } = compiled;
  const microBatches = evenMicroBatches(batchSize, rows);
  const { value, gradients, additions, states } = gradientsOfBatch({ model, compiled }, open, step, microBatches);
  const floats = states.map((state) => state.value).filter(({ dtype }) => dtype === "float32");
  const checked = checkFinite([value, ...gradients, ...floats], status.value, step);
  const clipped = optimizer.clip(gradients);
  const isSound = equal(reshape(checked, []), 0);
  const sumUpdates = sums.updates(additions, isSound);
  const weightUpdates = weights.flatMap((weight, index) => {
    const inputs = { gradient: clipped[index] as Value, rates, status: checked };
    const constraint = model.constraintOf(weight);
    return optimizer
      .update(weight, slots[index] ?? [], inputs)
      .map((update) => (update.variable === weight && constraint ? constrained(update, constraint, isSound) : update));
  });
  const updated = weightUpdates.map((update) => update.value);
  const result = checksUpdates ? checkFinite(updated, checked, step) : checked;
  const updates = [
    { variable: status, value: result },
    ...sumUpdates,
    ...weightUpdates,
    ...states.map(({ variable, value: state }) => ({ variable, value: where(isSound, state, variable.value) })),
  ];
  const outputs = [...sumUpdates.map((update) => update.value), result];
  const split = microBatches.length === 1 ? "" : ` in ${microBatches.length} micro-batches`;
  const program = await Program.compile(
    model.device,
    { outputs, updates },
    {
      label: `training step, batch ${batchSize}${split}`,
      inputs: [...open.inputs, step, rates],
      variants: model.variants,
    },
  );
  return {
    program,
    batchSize,
    microBatches: microBatches.length,
    feeds: (next) =>
      new Map([
        ...open.feeds(next.at),
        [step, int32(next.iteration)],
        [rates, { shape: [RATE_COUNT], data: Float32Array.from(next.rates) }],
      ]),
  };
}

/**
 * Compiles one evaluation step: forward pass, loss and metrics. Its outputs are the running sums. As in training, a
 * batch that exceeds a device limit is split into micro-batches.
 */
export async function evaluateStep<At>(
  model: StepModel,
  { objectives }: Pick<Compiled, "objectives">,
  source: BatchSource<At>,
  sums: RunningTotals,
  batchSize: number,
): Promise<StepProgram<At>> {
  return inMicroBatches(batchSize, batchSize, async (rows) => {
    const { inputs, feeds, ...open } = source.open(batchSize);
    const microBatches = evenMicroBatches(batchSize, rows);
    const { additions, states } = measureBatch({ model, objectives }, open, microBatches);
    const updates = sums.updates(additions);
    const program = await Program.compile(
      model.device,
      { outputs: updates.map((update) => update.value), updates: [...updates, ...states] },
      { label: `evaluation step, batch ${batchSize}`, inputs, variants: model.variants },
    );
    return { program, batchSize, microBatches: microBatches.length, feeds: (next) => new Map(feeds(next.at)) };
  });
}
