/**
 * The gradients of a batch that goes through the model whole, or one share of its rows after the other: then they add up
 * ("gradient accumulation"), so that memory is that of the largest share while the step stays that of the batch.
 */
import { ValueError } from "../../core/errors.ts";
import type { Update, Value } from "../../graph/operation.ts";
import { add, mul } from "../../ops/elementwise/arithmetic.ts";
import { differentiate } from "../../transform/differentiate.ts";
import type { OpenBatch } from "../data/batch_source.ts";
import { measure, type Outputs } from "./objective.ts";
import { type Additions, meanAddition } from "./running_totals.ts";
import type { Compiled, StepModel } from "./step_programs.ts";

/** Some rows of a batch. */
export interface Share {
  readonly from: number;
  readonly count: number;
}

/** As few shares as there can be of at most so many rows; their sizes differ by one at most. */
export function evenShares(batchSize: number, mostRows: number): readonly Share[] {
  const shares = Math.ceil(batchSize / mostRows);
  const start = (share: number) => Math.ceil((share * batchSize) / shares);
  return Array.from({ length: shares }, (_, share) => ({ from: start(share), count: start(share + 1) - start(share) }));
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
 * The loss of a batch and its gradients, share by share. One share is the batch as it is.
 * @throws ValueError when a result of the model depends on the batch as a whole, and there are several shares.
 */
export function gradientsOfShares<At>(
  { model, compiled }: { readonly model: StepModel; readonly compiled: Compiled },
  open: Pick<OpenBatch<At>, "rows">,
  step: Value,
  shares: readonly Share[],
): BatchGradients {
  const { objectives, weights } = compiled;
  const batchSize = shares.reduce((sum, { count }) => sum + count, 0);
  // Each share is differentiated before the next is built: the plan keeps this order, and the next reuses its buffers.
  const done = shares.map(({ from, count }, part) => {
    const batch = open.rows(from, count);
    const result = model.forward(batch.xs, step, part);
    if (shares.length > 1) expectSplittable(result.updates, result, objectives);
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
  const means = sumLists(done.map((share) => share.means));
  return {
    value: means[0] as Value,
    gradients: sumLists(done.map((share) => share.gradients)),
    additions: [
      ...means.map((mean) => meanAddition(mean, batchSize)),
      ...first.metrics.map((_, metric) => sumLists(done.map(({ metrics }) => metrics[metric] ?? []))),
    ],
    states: first.states,
  };
}

/**
 * Loss and metrics of a batch, share by share.
 * @throws ValueError as `gradientsOfShares`.
 */
export function measureShares<At>(
  { model, objectives }: { readonly model: StepModel; readonly objectives: Compiled["objectives"] },
  open: Pick<OpenBatch<At>, "rows">,
  shares: readonly Share[],
): Pick<BatchGradients, "additions" | "states"> {
  const done = shares.map(({ from, count }) => {
    const batch = open.rows(from, count);
    const result = model.forward(batch.xs);
    if (shares.length > 1) expectSplittable(result.updates, result, objectives);
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

/** @throws ValueError where the gradients of shares do not add up to those of the batch. */
function expectSplittable(updates: readonly Update[], { masks }: Outputs, objectives: Compiled["objectives"]): void {
  const [state] = updates;
  if (state !== undefined) {
    throw new ValueError(
      `the layers keep statistics of whole batches ("${state.variable.name}"). Use smaller batches, or a layer without such statistics.`,
      { variable: state.variable.name },
    );
  }
  const masked = objectives.find(
    ({ loss }, index) => loss !== undefined && (masks[index] !== undefined || loss.counted !== undefined),
  );
  if (masked === undefined) return;
  throw new ValueError(
    `the loss of the output "${masked.name}" is a mean over what its mask, or ignoreClass, leaves of the whole batch. Use smaller batches.`,
    { output: masked.name },
  );
}
