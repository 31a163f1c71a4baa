/** What a training minimises and what it reports: losses and metrics of all outputs, weighted and masked as in Keras. */
import { ValueError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { Value } from "../graph/operation.ts";
import { add, cast, div, mul } from "../ops/arithmetic.ts";
import { mean, sum } from "../ops/reduce.ts";
import { reshape } from "../ops/reshape.ts";
import type { Batch } from "./batch_source.ts";
import type { Loss } from "./losses.ts";
import type { Metric } from "./metrics.ts";

/** Keras's epsilon: a batch that is masked as a whole divides by it. */
const EPSILON = 1e-7;

/** What is asked of one output. */
export interface OutputObjective {
  readonly name: string;
  /** Undefined where the output is neither trained nor measured. */
  readonly loss: Loss | undefined;
  /** The loss's part in the sum that is minimised. */
  readonly lossWeight: number;
  readonly metrics: readonly Metric[];
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
 * The names of a run's results: `loss`; of several losses also `<output>Loss` each; then the metrics, with the output's
 * name before them where the model has several outputs (`<output>Accuracy`).
 */
export function logNames(objectives: readonly OutputObjective[]): readonly string[] {
  const asked = objectives.filter(({ loss }) => loss !== undefined);
  const losses = asked.length > 1 ? asked.map(({ name }) => joinNames(name, "loss")) : [];
  const metrics = asked.flatMap((output) =>
    output.metrics.map(({ name }) => (objectives.length > 1 ? joinNames(output.name, name) : name)),
  );
  return ["loss", ...losses, ...metrics];
}

/** The loss to minimise, and the batch's other results in the order of `logNames`. */
export function measure(
  objectives: readonly OutputObjective[],
  { ys, weights }: Pick<Batch, "ys" | "weights">,
  { outputs, masks }: Outputs,
): { readonly loss: Value; readonly others: readonly Value[] } {
  const losses: Value[] = [];
  const parts: Value[] = [];
  const metrics: Value[] = [];
  for (const [index, { loss, lossWeight, metrics: measures }] of objectives.entries()) {
    const [output, y] = [outputs[index] as Value, ys[index]];
    if (loss === undefined || y === undefined) continue;
    const value = weightedMean(loss.perSample(y, output), weights[index], masks[index]);
    losses.push(value);
    parts.push(lossWeight === 1 ? value : mul(value, lossWeight));
    metrics.push(...measures.map((metric) => mean(metric.perSample(y, output))));
  }
  if (parts.length === 0) throw new ValueError("the model has no loss; give compile a loss for at least one output");
  return { loss: parts.reduce((a, b) => add(a, b)), others: [...(losses.length > 1 ? losses : []), ...metrics] };
}

/**
 * The sum of weight · value over all values, divided by their number (Keras's "sum_over_batch_size"). Masked values count
 * nothing, and the others as much more: then it is the mean over those that the mask leaves.
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
