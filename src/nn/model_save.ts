/** Saving: weights and optimizer state as safetensors, everything else as JSON. */
import type { NdArray } from "../core/nd_array.ts";
import type { Variable } from "../graph/operation.ts";
import { packModel, type SavedModel, writeModelDirectory } from "../io/model_file.ts";
import { writeSafetensors } from "../io/safetensors.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { openFileSystem } from "../platform/file_system.ts";
import { variablesOf } from "../runtime/variables.ts";
import type { Model } from "./model.ts";

/** A saved model as files by name; in a browser, to download or to keep where the app likes. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>;

/** Saves to a directory (Node, Deno): the old save stays whole until the new one is. */
export async function saveModel(model: Model, directory: string): Promise<void> {
  const saved = await describe(model);
  await writeModelDirectory(await openFileSystem(), directory, saved);
}

/** The same files in memory. */
export async function modelToFiles(model: Model): Promise<ModelFiles> {
  return packModel(await describe(model));
}

async function describe(model: Model): Promise<SavedModel> {
  const { compiled, trainingState, encoder } = model;
  const architecture = {
    className: "Sequential",
    name: model.name,
    seed: model.seed,
    inputShape: [...model.inputShape],
    layers: model.layers.map(({ className, name, config }) => ({ className, name, config })),
    compile: compiled && {
      optimizer: compiled.optimizer.config,
      loss: compiled.loss.config,
      metrics: compiled.metrics.map((metric) => metric.id),
    },
  };
  const json = (value: unknown) => JSON.parse(JSON.stringify(value)) as JsonValue;
  return {
    architecture: json(architecture),
    weights: await tensorsOf(model, model.weightVariables),
    ...(encoder === undefined ? {} : { encoder: json(encoder) }),
    ...(trainingState === undefined || compiled === undefined
      ? {}
      : { training: json(trainingState), optimizer: await tensorsOf(model, model.optimizerVariables) }),
  };
}

async function tensorsOf(model: Model, variables: readonly Variable[]): Promise<Uint8Array> {
  const arrays = variables.length === 0 ? [] : await variablesOf(model.device).read(variables);
  return writeSafetensors(new Map(variables.map((variable, index) => [variable.name, arrays[index] as NdArray])));
}
