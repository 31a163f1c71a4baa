/** The graphs of a training step and of an evaluation step, each ONE Program: batch, forward, loss, backward, update, sums. */
import type { NdArray } from "../core/nd_array.ts";
import { input, type Update, type Value, type Variable } from "../graph/operation.ts";
import { add, equal, where } from "../ops/arithmetic.ts";
import { checkFinite } from "../ops/check_finite.ts";
import { RATE_COUNT } from "../ops/optimizer_update.ts";
import { reshape } from "../ops/reshape.ts";
import type { Device } from "../runtime/device.ts";
import { type Feeds, Program } from "../runtime/program.ts";
import type { Variants } from "../runtime/tune.ts";
import { differentiate } from "../runtime/value_and_grad.ts";
import type { BatchSource } from "./batch_source.ts";
import type { Constraint } from "./constraints.ts";
import { measure, type OutputObjective, type Outputs } from "./objective.ts";
import type { Optimizer } from "./optimizers/index.ts";
import { meanAddition, type RunningTotals } from "./running_totals.ts";

/** What a step needs of the model. */
export interface StepModel {
  readonly device: Device;
  /** Builds the outputs; `step` feeds the random layers and is given while training only. */
  forward(
    xs: readonly Value[],
    step?: Value,
  ): Outputs & {
    /** Scalars that are added to the loss. */
    readonly penalties: readonly Value[];
    /** What state of the layers holds after the run. */
    readonly updates: readonly Update[];
  };
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

/** A step compiled for one source of batches and one batch size. */
export interface StepProgram<At = number> {
  readonly program: Program;
  readonly batchSize: number;
  /** The feeds of a step. */
  feeds(step: StepFeeds<At>): Feeds;
}

/** What changes from step to step. */
export interface StepFeeds<At> {
  /** Which examples: where the batch starts in the permutation, or the examples themselves. */
  readonly at: At;
  /** Steps done before this one. */
  readonly iteration: number;
  readonly rates: readonly number[];
}

const int32 = (value: number): NdArray => ({ shape: [], data: Int32Array.of(value) });

function withPenalties(loss: Value, penalties: readonly Value[]): Value {
  return penalties.reduce((sum, penalty) => add(sum, penalty), loss);
}

/** The updated weight brought within its limit; after a step that was not finite it stays as it is. */
function constrained({ variable, value }: Update, constraint: Constraint, isSound: Value): Update {
  return { variable, value: where(isSound, constraint.apply(value), value) };
}

/** One step of training. Its outputs: the running sums, then the status (0, or 1 + the first step that was not finite). */
export async function trainStep<At>(
  model: StepModel,
  compiled: Compiled,
  source: BatchSource<At>,
  sums: RunningTotals,
  status: Variable,
  batchSize: number,
): Promise<StepProgram<At>> {
  const { batch, inputs: fed, feeds } = source.open(batchSize);
  const step = input("step", [], "int32");
  const rates = input("rates", [RATE_COUNT]);
  const { optimizer, objectives, weights, slots } = compiled;
  const result = model.forward(batch.xs, step);
  const measured = measure(objectives, batch, result);
  const { updates: stateUpdates, penalties } = result;
  const { value, gradients, others } = differentiate(
    withPenalties(measured.loss, penalties),
    weights.map((weight) => weight.value),
    [...measured.losses, ...measured.metrics.flat(), ...stateUpdates.map((update) => update.value)],
  );
  const left = [...others];
  const take = (count: number) => left.splice(0, count);
  const means = [value, ...take(measured.losses.length)].map((mean) => meanAddition(mean, batchSize));
  const additions = [...means, ...measured.metrics.map((values) => take(values.length))];
  const states = take(stateUpdates.length);
  const floats = states.filter(({ dtype }) => dtype === "float32");
  const checked = checkFinite([value, ...gradients, ...floats], status.value, step);
  const clipped = optimizer.clip(gradients);
  const isSound = equal(reshape(checked, []), 0);
  const sumUpdates = sums.updates(additions, isSound);
  const updates = [
    { variable: status, value: checked },
    ...sumUpdates,
    ...weights.flatMap((weight, index) => {
      const inputs = { gradient: clipped[index] as Value, rates, status: checked };
      const constraint = model.constraintOf(weight);
      return optimizer
        .update(weight, slots[index] ?? [], inputs)
        .map((update) =>
          update.variable === weight && constraint ? constrained(update, constraint, isSound) : update,
        );
    }),
    ...stateUpdates.map(({ variable }, index) => {
      return { variable, value: where(isSound, states[index] as Value, variable.value) };
    }),
  ];
  const outputs = [...sumUpdates.map((update) => update.value), checked];
  const program = await Program.compile(
    model.device,
    { outputs, updates },
    { label: `training step, batch ${batchSize}`, inputs: [...fed, step, rates], variants: model.variants },
  );
  return {
    program,
    batchSize,
    feeds: (next) =>
      new Map([
        ...feeds(next.at),
        [step, int32(next.iteration)],
        [rates, { shape: [RATE_COUNT], data: Float32Array.from(next.rates) }],
      ]),
  };
}

/** One step of evaluation: forward, loss and metrics. Its outputs are the running sums. */
export async function evaluateStep<At>(
  model: StepModel,
  { objectives }: Pick<Compiled, "objectives">,
  source: BatchSource<At>,
  sums: RunningTotals,
  batchSize: number,
): Promise<StepProgram<At>> {
  const { batch, inputs, feeds } = source.open(batchSize);
  const result = model.forward(batch.xs);
  const { loss, losses, metrics } = measure(objectives, batch, result);
  const means = [withPenalties(loss, result.penalties), ...losses].map((mean) => meanAddition(mean, batchSize));
  const updates = sums.updates([...means, ...metrics]);
  const program = await Program.compile(
    model.device,
    { outputs: updates.map((update) => update.value), updates: [...updates, ...result.updates] },
    { label: `evaluation step, batch ${batchSize}`, inputs, variants: model.variants },
  );
  return { program, batchSize, feeds: (next) => new Map(feeds(next.at)) };
}
