/** The losses and metrics of all outputs, weighted and masked as in Keras. */
import { ValueError } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { reshape } from "../../ops/data/movement.ts";
import { add, cast, div, logicalAnd, mul } from "../../ops/elementwise/arithmetic.ts";
import { mean, sum } from "../../ops/reduce/reduce.ts";
import type { Batch } from "../data/batch_source.ts";
import type { Loss } from "../losses/index.ts";
import type { Metric } from "../metrics/index.ts";
import { type Additions, type Measure, meanMeasure } from "./running_totals.ts";

/** Keras's epsilon: the divisor for a fully masked batch. */
const EPSILON = 1e-7;

/** The loss and metrics of one output. */
export interface OutputObjective {
  readonly name: string;
  /** Undefined if the output is neither trained nor measured. */
  readonly loss: Loss | undefined;
  /** The loss's weight in the total loss. */
  readonly lossWeight: number;
  /** Metrics that ignore sample weights. */
  readonly metrics: readonly Metric[];
  /** Metrics that apply sample weights. */
  readonly weightedMetrics: readonly Metric[];
}

/** A model's outputs for a batch. */
export interface Outputs {
  readonly outputs: readonly Value[];
  readonly masks: readonly (Value | undefined)[];
}

/** Joins `val` and `accuracy` to `valAccuracy`. */
export function joinNames(first: string, second: string): string {
  return `${first}${second.charAt(0).toUpperCase()}${second.slice(1)}`;
}

/**
 * The results of a run: `loss`; `<output>Loss` for each of several losses; then the metrics, weighted ones last,
 * prefixed with the output's name if there are several (`<output>Accuracy`). A weighted metric whose name is already
 * used becomes `weightedAccuracy`; other duplicate names are numbered.
 */
export function measuresOf(objectives: readonly OutputObjective[]): readonly Measure[] {
  const asked = objectives.filter(({ loss }) => loss !== undefined);
  const losses = asked.length > 1 ? asked.map(({ name }) => meanMeasure(joinNames(name, "loss"))) : [];
  const ofOutput = (output: OutputObjective, name: string) =>
    objectives.length > 1 ? joinNames(output.name, name) : name;
  const metrics = asked.flatMap((output) => {
    const names = new Set(output.metrics.map(({ name }) => name));
    const measureOf = (metric: Metric, name: string): Measure => ({
      name: ofOutput(output, name),
      direction: metric.direction,
      result: (sums, examples) => metric.result(sums, examples),
    });
    return [
      ...output.metrics.map((metric) => measureOf(metric, metric.name)),
      ...output.weightedMetrics.map((metric) => {
        const isTaken = names.has(metric.name);
        names.add(metric.name);
        return measureOf(metric, isTaken ? joinNames("weighted", metric.name) : metric.name);
      }),
    ];
  });
  const taken = new Set<string>();
  return [meanMeasure("loss"), ...losses, ...metrics].map((measure) => {
    let { name } = measure;
    for (let count = 1; taken.has(name); count++) name = `${measure.name}_${count}`;
    taken.add(name);
    return { ...measure, name };
  });
}

/** The total loss, the losses of several outputs, and the batch's contributions to the metrics' sums. */
export interface Measured {
  readonly loss: Value;
  /** Empty if there is only one loss. */
  readonly losses: readonly Value[];
  readonly metrics: Additions;
}

/** Losses and metrics of a batch, in the order of `measuresOf`. */
export function measure(
  objectives: readonly OutputObjective[],
  { ys, weights }: Pick<Batch, "ys" | "weights">,
  { outputs, masks }: Outputs,
): Measured {
  const losses: Value[] = [];
  const parts: Value[] = [];
  const metrics: (readonly Value[])[] = [];
  for (const [index, objective] of objectives.entries()) {
    const { loss, lossWeight } = objective;
    const [yPred, yTrue] = [outputs[index] as Value, ys[index]];
    if (loss === undefined || yTrue === undefined) continue;
    const [sampleWeight, mask] = [weights[index], masks[index]];
    const counted = [mask, loss.counted?.(yTrue, yPred)].filter((each) => each !== undefined);
    const left = counted.length === 0 ? undefined : counted.reduce((a, b) => logicalAnd(a, b));
    const value = weightedMean(loss.perSample(yTrue, yPred), sampleWeight, left);
    losses.push(value);
    parts.push(lossWeight === 1 ? value : mul(value, lossWeight));
    metrics.push(
      ...objective.metrics.map((metric) => metric.update({ yTrue, yPred, mask })),
      ...objective.weightedMetrics.map((metric) => metric.update({ yTrue, yPred, mask, sampleWeight })),
    );
  }
  if (parts.length === 0) throw new ValueError("the model has no loss; give compile a loss for at least one output");
  return { loss: parts.reduce((a, b) => add(a, b)), losses: losses.length > 1 ? losses : [], metrics };
}

/**
 * The sum of weight · value divided by the number of values (Keras's "sum_over_batch_size"). Masked values are excluded
 * from both.
 */
export function weightedMean(values: Value, weight?: Value, mask?: Value): Value {
  let weighted = values;
  if (mask !== undefined) {
    const counted = cast(mask, "float32");
    const scale = div(sizeOf(mask.shape), add(sum(counted), EPSILON));
    weighted = mul(weighted, alignWith(mul(counted, scale), values));
  }
  if (weight !== undefined) weighted = mul(weighted, alignWith(weight, values));
  return mean(weighted);
}

/** Adds trailing axes of size 1, so that weights per example broadcast to values per timestep. */
function alignWith(weight: Value, values: Value): Value {
  const missing = values.shape.length - weight.shape.length;
  if (missing < 0) return reshape(weight, weight.shape.slice(0, values.shape.length));
  return missing === 0 ? weight : reshape(weight, [...weight.shape, ...Array.from({ length: missing }, () => 1)]);
}
