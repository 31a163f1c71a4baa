/** Loading a saved model: everything is read and checked before the first weight is written. */
import { FormatError, ValueError } from "../../core/errors.ts";
import { isFiniteArray } from "../../core/float32_check.ts";
import { toFormatError } from "../../core/json_check.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { readOptions, required } from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import { readEncoder } from "../../data/read_encoder.ts";
import type { Variable } from "../../graph/operation.ts";
import { fetchModel, type SavedModel, unpackModel } from "../../io/model_file.ts";
import { readSafetensors } from "../../io/safetensors.ts";
import type { JsonValue } from "../../io/strict_json.ts";
import type { Device } from "../../runtime/device.ts";
import { deviceKind } from "../../runtime/device_kind.ts";
import type { Variants } from "../../runtime/measure/tune.ts";
import { variablesOf } from "../../runtime/run/variables.ts";
import { LayerGraph } from "../graph/layer_graph.ts";
import { input, layerFromConfig } from "../layers/index.ts";
import type { LossConfig } from "../losses/index.ts";
import type { MetricConfig } from "../metrics/index.ts";
import type { OptimizerConfig } from "../optimizers/index.ts";
import { graphFromConfig } from "../saving/graph_from_config.ts";
import type { ModelFiles } from "../saving/model_save.ts";
import { unpackCallbacks } from "../saving/saved_callbacks.ts";
import { asNumber, asText, type Fields, field, fieldsOf, listOf } from "../saving/saved_fields.ts";
import { checkTraining } from "../saving/saved_training.ts";
import { variantsFromJson } from "../saving/saved_variants.ts";
import type { TrainingState } from "../training/training_state.ts";
import { Model } from "./model.ts";
import type { CompileOptions } from "./model_options.ts";

/** The options of all functions that load a model. */
export const LOAD = { device: required(deviceKind) };

/**
 * Loads a model from a directory (Node, Deno), its URL (in a page also a relative one), or its files in memory, with
 * the optimizer's and the training run's state if they were saved.
 * @throws FormatError if a file is truncated, damaged, of a newer version or not part of a model; all memory is freed.
 * @throws FileError if a file cannot be read or fetched.
 *
 * @example
 * const model = await loadModel("model/", { device }); // a page's own folder, as model.save or toFiles wrote it
 * const other = await loadModel("https://example.org/model/", { device }); // by CORS
 */
export async function loadModel<P extends NdArray | NdArray[] = NdArray>(
  source: string | URL | ModelFiles,
  options: { readonly device: Device },
): Promise<Model<P>> {
  const { device } = readOptions("loadModel(source)", LOAD, options);
  const isAddress = typeof source === "string" || source instanceof URL;
  if (!isAddress && !(source instanceof Map)) {
    throw new ValueError(
      `loadModel: got ${shown(source)}; expected a directory, a URL, or the files of model.toFiles(): a Map of bytes ` +
        "by name",
    );
  }
  const saved = await (isAddress ? fetchModel(source) : unpackModel(source));
  try {
    return await restore<P>(saved, device);
  } catch (cause) {
    throw toFormatError("model.json", cause);
  }
}

/** Everything is read and checked before the first variable is written. */
async function restore<P extends NdArray | NdArray[]>(saved: SavedModel, device: Device): Promise<Model<P>> {
  const fields = fieldsOf(saved.architecture, "architecture");
  const encoder = readEncoder(saved.encoder);
  const className = field(fields, "className", "string", "architecture");
  if (className !== "Sequential" && className !== "Functional")
    throw new FormatError(
      `model.json: the architecture is "${className}"; this version loads Sequential and Functional models`,
    );
  const seed = field(fields, "seed", "number", "architecture");
  const graph =
    fields.graph === undefined ? firstFormat(fields, seed) : graphFromConfig(fields.graph, seed, "architecture.graph");
  const model = new Model<P>(graph, { className, device, name: field(fields, "name", "string", "architecture") });
  try {
    model.encoder = encoder;
    model.metadata = saved.metadata ?? {};
    const compile = fields.compile ?? undefined;
    if (compile !== undefined) model.compile(compileOptions(fieldsOf(compile, "architecture.compile")));
    await model.whenCompiled();
    const weightsFile = "weights.safetensors";
    const weights = matchTensors(model.namedWeights, readSafetensors(saved.weights, weightsFile).tensors, weightsFile);
    const { slots, training } = trainingOf(saved, model);
    const variants = savedVariants(saved, device);
    const store = variablesOf(device);
    for (const [variable, array] of [...weights, ...slots]) store.write(variable, array);
    if (training !== undefined) model.restoreTraining(training);
    for (const [call, variant] of variants) model.variants.set(call, variant);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Format version 1 supported sequential models only. */
function firstFormat(fields: Fields, seed: number): LayerGraph {
  const start = input({ shape: listOf(fields.inputShape, "architecture.inputShape", asNumber) });
  const layers = listOf(fields.layers, "architecture.layers", (item, what) => {
    const layer = fieldsOf(item, what);
    const config = fieldsOf(layer.config, `${what}.config`);
    return layerFromConfig(field(layer, "className", "string", what), config, field(layer, "name", "string", what));
  });
  const end = layers.reduce((tensor, layer) => layer.call(tensor), start);
  return new LayerGraph({ inputs: [start], outputs: [end], seed });
}

function compileOptions(fields: Fields): CompileOptions {
  const optimizer = fieldsOf(fields.optimizer, "optimizer") as unknown as OptimizerConfig;
  if (fields.losses === undefined) {
    const loss = fieldsOf(fields.loss, "loss") as unknown as LossConfig;
    return { optimizer, loss, metrics: listOf(fields.metrics, "metrics", asText) };
  }
  return {
    optimizer,
    loss: listOf(fields.losses, "losses", (item, what) =>
      item === null ? null : (fieldsOf(item, what) as unknown as LossConfig),
    ),
    lossWeights: listOf(fields.lossWeights, "lossWeights", asNumber),
    metrics: listOf(fields.metrics, "metrics", (item, what) => listOf(item, what, asMetric)),
    weightedMetrics: listOf(fields.weightedMetrics ?? [], "weightedMetrics", (item, what) =>
      listOf(item, what, asMetric),
    ),
  };
}

/** A metric's config, or, in older files, its name. */
function asMetric(value: JsonValue, what: string): string | MetricConfig {
  if (typeof value === "string") return value;
  const fields = fieldsOf(value, what);
  field(fields, "id", "string", what);
  return fields as unknown as MetricConfig;
}

/** The saved kernel variants that apply to this device. */
function savedVariants({ training }: SavedModel, device: Device): Variants {
  return variantsFromJson(device, training === undefined ? undefined : fieldsOf(training, "training").variants);
}

/** The states of the optimizer, the training run and the callbacks. */
function trainingOf(
  { training, optimizer }: SavedModel,
  { namedSlots }: { readonly namedSlots: ReadonlyMap<string, Variable> },
): { readonly slots: readonly [Variable, NdArray][]; readonly training: TrainingState | undefined } {
  if (training === undefined) return { slots: [], training: undefined };
  const file = "optimizer.safetensors";
  const tensors = optimizer === undefined ? new Map<string, NdArray>() : readSafetensors(optimizer, file).tensors;
  const { states, others } = unpackCallbacks(fieldsOf(training, "training").callbacks, tensors);
  const slots = optimizer === undefined ? [] : matchTensors(namedSlots, others, file);
  return { slots, training: { ...checkTraining(training), callbacks: states } };
}

function matchTensors(
  variables: ReadonlyMap<string, Variable>,
  tensors: ReadonlyMap<string, NdArray>,
  file: string,
): [Variable, NdArray][] {
  if (tensors.size !== variables.size) {
    throw new FormatError(
      `${file} holds ${tensors.size} tensors; the architecture has ${variables.size}: they belong to different models`,
    );
  }
  return [...variables].map(([name, variable]) => {
    const array = tensors.get(name);
    if (array === undefined)
      throw new FormatError(`${file} lacks "${name}", which the architecture has; they belong to different models`);
    if (!sameShape(array.shape, variable.shape) || !(array.data instanceof Float32Array)) {
      throw new FormatError(
        `${file}: "${name}" is ${formatShape(array.shape)}; the architecture says float32 ` +
          `${formatShape(variable.shape)}`,
      );
    }
    if (!isFiniteArray(array)) throw new FormatError(`${file}: "${name}" holds a number that is not finite`);
    return [variable, array];
  });
}
