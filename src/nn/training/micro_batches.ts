/**
 * The gradients of a batch that goes through the model whole or in micro-batches. With micro-batches, gradients
 * accumulate: memory use is that of the largest micro-batch, and the step is that of the whole batch.
 */
import { ValueError } from "../../core/errors.ts";
import type { Update, Value } from "../../graph/operation.ts";
import { add, mul } from "../../ops/elementwise/arithmetic.ts";
import { differentiate } from "../../transform/differentiate.ts";
import type { OpenBatch } from "../data/batch_source.ts";
import { measure, type Outputs } from "./objective.ts";
import { type Additions, meanAddition } from "./running_totals.ts";
import type { Compiled, StepModel } from "./step_model.ts";

/** Some rows of a batch. */
export interface MicroBatch {
  readonly from: number;
  readonly count: number;
}

/** The fewest micro-batches of at most `mostRows` rows each; their sizes differ by at most one. */
export function evenMicroBatches(batchSize: number, mostRows: number): readonly MicroBatch[] {
  const length = Math.ceil(batchSize / mostRows);
  const start = (index: number) => Math.ceil((index * batchSize) / length);
  return Array.from({ length }, (_, index) => ({ from: start(index), count: start(index + 1) - start(index) }));
}

/** The loss, gradients and updates that a training step computes from its batch. */
export interface BatchGradients {
  /** The total loss of the whole batch. */
  readonly value: Value;
  /** One gradient per weight. */
  readonly gradients: readonly Value[];
  /** The batch's contributions to the running sums. */
  readonly additions: Additions;
  /** The updates of the layers' states. */
  readonly states: readonly Update[];
}

/** The loss plus the layers' penalties. */
function withPenalties(loss: Value, penalties: readonly Value[]): Value {
  return penalties.reduce((sum, penalty) => add(sum, penalty), loss);
}

/**
 * Computes the loss and gradients of a batch, one micro-batch after another. A single one is the whole batch.
 * @throws ValueError if there are several micro-batches and a result of the model depends on the whole batch.
 */
export function gradientsOfBatch<At>(
  { model, compiled }: { readonly model: StepModel; readonly compiled: Compiled },
  open: Pick<OpenBatch<At>, "rows">,
  step: Value,
  microBatches: readonly MicroBatch[],
): BatchGradients {
  const { objectives, weights } = compiled;
  const batchSize = microBatches.reduce((sum, { count }) => sum + count, 0);
  // Each is differentiated before the next is built, so that in the plan the next one reuses its buffers.
  const done = microBatches.map(({ from, count }, index) => {
    const batch = open.rows(from, count);
    const result = model.forward(batch.xs, step, index);
    if (microBatches.length > 1) expectSplittable(result.updates, result, objectives);
    const ofBatch = (mean: Value) => (count === batchSize ? mean : mul(mean, count / batchSize));
    const { loss, losses, metrics } = measure(objectives, batch, result);
    const { value, gradients, others } = differentiate(
      ofBatch(withPenalties(loss, result.penalties)),
      weights.map((weight) => weight.value),
      [...losses.map(ofBatch), ...metrics.flat(), ...result.updates.map((update) => update.value)],
    );
    const left = [...others];
    const take = (size: number) => left.splice(0, size);
    return {
      means: [value, ...take(losses.length)],
      gradients,
      metrics: metrics.map((values) => take(values.length)),
      states: result.updates.map(({ variable }) => ({ variable, value: left.shift() as Value })),
    };
  });
  const [first] = done as [(typeof done)[number]];
  const means = sumLists(done.map(({ means: own }) => own));
  return {
    value: means[0] as Value,
    gradients: sumLists(done.map(({ gradients }) => gradients)),
    additions: [
      ...means.map((mean) => meanAddition(mean, batchSize)),
      ...first.metrics.map((_, metric) => sumLists(done.map(({ metrics }) => metrics[metric] ?? []))),
    ],
    states: first.states,
  };
}

/**
 * Computes the loss and metrics of a batch, one micro-batch after another.
 * @throws ValueError as `gradientsOfBatch`.
 */
export function measureBatch<At>(
  { model, objectives }: { readonly model: StepModel; readonly objectives: Compiled["objectives"] },
  open: Pick<OpenBatch<At>, "rows">,
  microBatches: readonly MicroBatch[],
): Pick<BatchGradients, "additions" | "states"> {
  const done = microBatches.map(({ from, count }) => {
    const batch = open.rows(from, count);
    const result = model.forward(batch.xs);
    if (microBatches.length > 1) expectSplittable(result.updates, result, objectives);
    const { loss, losses, metrics } = measure(objectives, batch, result);
    const means = [withPenalties(loss, result.penalties), ...losses].map((mean) => meanAddition(mean, count));
    return { additions: [...means, ...metrics], states: result.updates };
  });
  const [first] = done as [(typeof done)[number]];
  return {
    additions: first.additions.map((_, index) => sumLists(done.map(({ additions }) => additions[index] ?? []))),
    states: first.states,
  };
}

/** The element-wise sum of the lists. */
function sumLists(lists: readonly (readonly Value[])[]): readonly Value[] {
  return lists.reduce((sums, list) => sums.map((value, index) => add(value, list[index] as Value)));
}

/** @throws ValueError if the gradients of micro-batches do not add up to those of the batch. */
function expectSplittable(updates: readonly Update[], { masks }: Outputs, objectives: Compiled["objectives"]): void {
  const [state] = updates;
  if (state !== undefined) {
    throw new ValueError(
      `the layers keep statistics of whole batches ("${state.variable.name}"). Use smaller batches, or a layer ` +
        "without such statistics.",
      { variable: state.variable.name },
    );
  }
  const masked = objectives.find(
    ({ loss }, index) => loss !== undefined && (masks[index] !== undefined || loss.counted !== undefined),
  );
  if (masked === undefined) return;
  throw new ValueError(
    `the loss of the output "${masked.name}" is a mean over the values that mask or ignoreClass keep in the whole ` +
      "batch. Use smaller batches.",
    { output: masked.name },
  );
}
