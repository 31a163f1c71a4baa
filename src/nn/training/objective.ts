/** What a training run minimises and reports: losses and metrics of all outputs, weighted and masked as in Keras. */
import { ValueError } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { reshape } from "../../ops/data/reshape.ts";
import { add, cast, div, logicalAnd, mul } from "../../ops/elementwise/arithmetic.ts";
import { mean, sum } from "../../ops/reduce/reduce.ts";
import type { Batch } from "../data/batch_source.ts";
import type { Loss } from "../losses/index.ts";
import type { Metric } from "../metrics/index.ts";
import { type Additions, type Measure, meanMeasure } from "./running_totals.ts";

/** Keras's epsilon: a batch that is masked as a whole divides by it. */
const EPSILON = 1e-7;

/** What is asked of one output. */
export interface OutputObjective {
  readonly name: string;
  /** Undefined where the output is neither trained nor measured. */
  readonly loss: Loss | undefined;
  /** The loss's part in the sum that is minimised. */
  readonly lossWeight: number;
  /** Of the examples, each counted alike. */
  readonly metrics: readonly Metric[];
  /** Of the examples, each counted by its sample weight. */
  readonly weightedMetrics: readonly Metric[];
}

/** What a model gives for a batch. */
export interface Outputs {
  readonly outputs: readonly Value[];
  readonly masks: readonly (Value | undefined)[];
}

/** `valAccuracy` of `val` and `accuracy`. */
export function joinNames(first: string, second: string): string {
  return `${first}${second.charAt(0).toUpperCase()}${second.slice(1)}`;
}

/**
 * A run's results: `loss`; of several losses also `<output>Loss` each; then the metrics, those that are weighted last,
 * with the output's name before them where the model has several outputs (`<output>Accuracy`). A weighted metric whose
 * name is taken is `weightedAccuracy`; other names that come twice are numbered.
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

/** The loss to minimise; the losses of several outputs; and what the batch adds to the sums of the metrics. */
export interface Measured {
  readonly loss: Value;
  /** Empty where there is one loss only. */
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
 * The sum of weight · value over all values, divided by their number (Keras's "sum_over_batch_size"). Masked values
 * count nothing, and the others as much more: then it is the mean over those that the mask leaves.
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

/** Adds trailing axes of size 1, so that weights of examples meet values of timesteps. */
function alignWith(weight: Value, values: Value): Value {
  const missing = values.shape.length - weight.shape.length;
  if (missing < 0) return reshape(weight, weight.shape.slice(0, values.shape.length));
  return missing === 0 ? weight : reshape(weight, [...weight.shape, ...Array.from({ length: missing }, () => 1)]);
}
