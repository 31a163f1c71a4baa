/**
 * The gradients of a batch that goes through the model whole, or in micro-batches: then they add up ("gradient
 * accumulation"), so that memory is that of the largest micro-batch while the step stays that of the batch.
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

/** As few as there can be of at most so many rows; their sizes differ by one at most. */
export function evenMicroBatches(batchSize: number, mostRows: number): readonly MicroBatch[] {
  const length = Math.ceil(batchSize / mostRows);
  const start = (index: number) => Math.ceil((index * batchSize) / length);
  return Array.from({ length }, (_, index) => ({ from: start(index), count: start(index + 1) - start(index) }));
}

/** What a training step does with its batch. */
export interface BatchGradients {
  /** The loss that is minimised, of the whole batch. */
  readonly value: Value;
  /** One for each weight. */
  readonly gradients: readonly Value[];
  /** What the batch adds to the running sums. */
  readonly additions: Additions;
  /** What the layers' own state becomes. */
  readonly states: readonly Update[];
}

/** The loss with the layers' penalties. */
function withPenalties(loss: Value, penalties: readonly Value[]): Value {
  return penalties.reduce((sum, penalty) => add(sum, penalty), loss);
}

/**
 * The loss of a batch and its gradients, micro-batch by micro-batch. A single one is the batch as it is.
 * @throws ValueError when a result of the model depends on the batch as a whole, and there are several
 * micro-batches.
 */
export function gradientsOfBatch<At>(
  { model, compiled }: { readonly model: StepModel; readonly compiled: Compiled },
  open: Pick<OpenBatch<At>, "rows">,
  step: Value,
  microBatches: readonly MicroBatch[],
): BatchGradients {
  const { objectives, weights } = compiled;
  const batchSize = microBatches.reduce((sum, { count }) => sum + count, 0);
  // Each is differentiated before the next is built: the plan keeps this order, and the next reuses its buffers.
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
 * Loss and metrics of a batch, micro-batch by micro-batch.
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

/** The lists' sum, place by place. */
function sumLists(lists: readonly (readonly Value[])[]): readonly Value[] {
  return lists.reduce((sums, list) => sums.map((value, index) => add(value, list[index] as Value)));
}

/** @throws ValueError where the gradients of micro-batches do not add up to those of the batch. */
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
    `the loss of the output "${masked.name}" is a mean over what its mask, or ignoreClass, leaves of the whole ` +
      "batch. Use smaller batches.",
    { output: masked.name },
  );
}
