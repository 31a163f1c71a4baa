/** Resolves the options of `compile` for each of the model's outputs. */
import { ValueError } from "../../core/errors.ts";
import { finite, readValue } from "../../core/option_table.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import { type Loss, type LossLike, resolveLoss } from "../losses/index.ts";
import { type MetricLike, resolveMetric } from "../metrics/index.ts";
import { resolveOptimizer } from "../optimizers/index.ts";
import type { OutputObjective } from "../training/objective.ts";
import type { Compiled } from "../training/step_model.ts";
import type { CompileOptions, CompileSettings, MetricsLike } from "./model_options.ts";

/** @throws ValueError for an unknown optimizer, loss, metric or output, listing the known ones. */
export function compileModel(
  graph: LayerGraph,
  { optimizer, loss, lossWeights, metrics, weightedMetrics }: CompileSettings,
): Compiled {
  const names = graph.outputNames;
  const losses = lossesOf(loss, names);
  const weights = lossWeightsOf(lossWeights, names);
  const measures = metricsOf(metrics, names, "metrics");
  const weighted = metricsOf(weightedMetrics, names, "weightedMetrics");
  const objectives = names.map((name, index): OutputObjective => {
    const width = graph.outputShapes[index]?.at(-1) ?? 1;
    const resolved = losses[index];
    const given = measures[index] ?? [];
    const givenWeighted = weighted[index] ?? [];
    if (resolved === undefined && given.length + givenWeighted.length > 0) {
      throw new ValueError(
        `compile: the output "${name}" has metrics but no loss; give it a loss, with lossWeights 0 if it is not ` +
          "to be trained",
      );
    }
    return {
      name,
      loss: resolved,
      lossWeight: weights[index] as number,
      metrics: resolved === undefined ? [] : given.map((metric) => resolveMetric(metric, resolved, width)),
      weightedMetrics:
        resolved === undefined ? [] : givenWeighted.map((metric) => resolveMetric(metric, resolved, width)),
    };
  });
  const resolvedOptimizer = resolveOptimizer(optimizer);
  const trained = graph.trainableWeights;
  return {
    optimizer: resolvedOptimizer,
    objectives,
    weights: trained,
    slots: trained.map((weight) => resolvedOptimizer.slots(weight)),
  };
}

/** A single loss applies to every output; a list or an object gives one per output, null for untrained outputs. */
function lossesOf(given: CompileOptions["loss"], names: readonly string[]): readonly (Loss | undefined)[] {
  if (isLoss(given)) return names.map(() => resolveLoss(given));
  const list = byOutput<LossLike | null>(given, names, "loss");
  const losses = list.map((loss) => (loss === null || loss === undefined ? undefined : resolveLoss(loss)));
  if (losses.every((loss) => loss === undefined))
    throw new ValueError("compile: no output has a loss; give at least one");
  return losses;
}

function isLoss(given: NonNullable<CompileOptions["loss"]>): given is LossLike {
  if (typeof given !== "object") return true;
  if (Array.isArray(given)) return false;
  const fields = given as Readonly<Record<string, unknown>>;
  return "perSample" in fields || typeof fields.name === "string";
}

function lossWeightsOf(given: CompileOptions["lossWeights"], names: readonly string[]): readonly number[] {
  if (given === undefined) return names.map(() => 1);
  const list =
    typeof given === "number" && names.length === 1 ? [given] : byOutput<number>(given, names, "lossWeights");
  return list.map((weight, index) => {
    if (weight === undefined) return 1;
    return readValue("compile", `the loss weight of "${names[index]}"`, finite, weight);
  });
}

function metricsOf(given: MetricsLike, names: readonly string[], option: string): readonly (readonly MetricLike[])[] {
  const asList = (entry: MetricLike | readonly MetricLike[] | null | undefined) =>
    entry === null || entry === undefined
      ? []
      : Array.isArray(entry)
        ? (entry as readonly MetricLike[])
        : [entry as MetricLike];
  if (Array.isArray(given) && (given.length === 0 || names.length === 1))
    return names.map(() => given.flat() as MetricLike[]);
  return byOutput<MetricLike | readonly MetricLike[] | null>(given, names, option).map(asList);
}

/** @throws ValueError if a list has the wrong length, or an object names an unknown output. */
function byOutput<T>(given: unknown, names: readonly string[], option: string): readonly (T | undefined)[] {
  const known = names.map((name) => `"${name}"`).join(", ");
  if (Array.isArray(given)) {
    if (given.length === names.length) return given as readonly T[];
    throw new ValueError(
      `compile: ${option} is a list of ${given.length}; the model has ${names.length} ` +
        `output${names.length === 1 ? "" : "s"} (${known}): give one entry per output, or an object by name`,
      { [option]: given },
    );
  }
  if (typeof given !== "object" || given === null) {
    throw new ValueError(`compile: ${option} is ${String(given)}; expected a list or an object by output (${known})`);
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new ValueError(`compile: ${option} names the output "${unknown}"; the model's outputs are ${known}`, {
      unknown,
    });
  }
  return names.map((name) => (given as Readonly<Record<string, T>>)[name]);
}
