/** Saving: weights and optimizer state as safetensors, everything else as JSON. */
import { NonFiniteError, ValueError } from "../../core/errors.ts";
import { isFiniteArray } from "../../core/float32_check.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { checkedLater, either, flag, oneOf, readOptions, type TableOf, withDefault } from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import { raceAbort } from "../../core/race.ts";
import type { Encoder } from "../../data/encoder.ts";
import type { Variable } from "../../graph/operation.ts";
import { writeModelDirectory } from "../../io/model_directory.ts";
import { type Metadata, packModel, type SavedModel } from "../../io/model_file.ts";
import { type SafetensorsOptions, writeSafetensors } from "../../io/safetensors.ts";
import type { JsonValue } from "../../io/strict_json.ts";
import { openFileSystem } from "../../platform/file_system.ts";
import type { Device } from "../../runtime/device.ts";
import type { Variants } from "../../runtime/measure/tune.ts";
import { variablesOf } from "../../runtime/run/variables.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import type { PredictorOptions } from "../saved_plan/write.ts";
import type { Compiled } from "../training/step_model.ts";
import type { TrainingState } from "../training/training_state.ts";
import { graphToConfig } from "./graph_config.ts";
import { packCallbacks } from "./saved_callbacks.ts";
import { variantsToJson } from "./saved_variants.ts";

/** A saved model as files by name; in a browser, to download or to keep where the app likes. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>;

/** What of a model is saved, and how. */
export interface SaveOptions {
  /** How weights are written: every bit, or half as large and good to three digits. Default: "float32". */
  readonly weights?: "float32" | "float16";
  /**
   * False leaves out what only a training that goes on needs: the optimizer's state and the position. Default: true.
   */
  readonly training?: boolean;
  /**
   * True, or its options, adds a plan by which `loadPredictor` of `sluice/predict` predicts without the engine.
   * Default: false.
   */
  readonly predictor?: boolean | PredictorOptions;
}

const SAVE = {
  weights: withDefault(oneOf(["float32", "float16"]), "float32"),
  training: withDefault(flag, true),
  predictor: withDefault(either(flag, checkedLater<PredictorOptions>("options")), false),
} satisfies TableOf<SaveOptions>;

/** A model with its training, as far as it is saved. */
interface SavableModel {
  readonly name: string;
  readonly className: "Sequential" | "Functional";
  readonly seed: number;
  readonly device: Device;
  readonly disposal: AbortSignal;
  readonly graph: LayerGraph;
  readonly encoder: Encoder | undefined;
  readonly metadata: Metadata;
  readonly variants: Variants;
  readonly namedWeights: ReadonlyMap<string, Variable>;
  readonly compiled: Compiled | undefined;
  readonly trainingState: TrainingState | undefined;
  readonly namedSlots: ReadonlyMap<string, Variable>;
}

/**
 * Saves to a directory (Node, Deno): the old save stays whole until the new one is. Several may save there at once; of
 * one process the save that was asked for last is what stays.
 * @throws NonFiniteError for a weight or optimizer's state that is not finite, which `loadModel` would refuse.
 * @throws FileError for a URL, and where a file cannot be written.
 */
export async function saveModel(model: SavableModel, directory: string, options: SaveOptions): Promise<void> {
  if (typeof directory !== "string") throw new ValueError(`save: got ${shown(directory)}; expected a path`);
  const saved = describe(model, options);
  // It is awaited when the save has its turn, which reports what went wrong.
  saved.catch(() => undefined);
  await writeModelDirectory(await openFileSystem(), directory, saved);
}

/** The same files in memory. */
export async function modelToFiles(model: SavableModel, options: SaveOptions): Promise<ModelFiles> {
  return packModel(await describe(model, options));
}

async function describe(model: SavableModel, options: SaveOptions): Promise<SavedModel> {
  const { weights, training, predictor } = readOptions("save", SAVE, options);
  const { compiled, encoder, metadata } = model;
  const trainingState = training ? model.trainingState : undefined;
  const architecture = {
    className: model.className,
    name: model.name,
    seed: model.seed,
    graph: graphToConfig(model.graph),
    compile: compiled && {
      optimizer: compiled.optimizer.config,
      losses: compiled.objectives.map(({ loss }) => loss?.config ?? null),
      lossWeights: compiled.objectives.map(({ lossWeight }) => lossWeight),
      metrics: compiled.objectives.map(({ metrics }) => metrics.map(({ config }) => config)),
      weightedMetrics: compiled.objectives.map(({ weightedMetrics }) => weightedMetrics.map(({ config }) => config)),
    },
  };
  const json = (value: unknown) => JSON.parse(JSON.stringify(value)) as JsonValue;
  return {
    architecture: json(architecture),
    weights: await tensorsOf(model, model.namedWeights, { floats: weights === "float16" ? "F16" : "F32" }),
    ...(encoder === undefined ? {} : { encoder: json({ kind: encoder.kind, ...encoder.toJSON() }) }),
    metadata,
    ...(predictor === false ? {} : { plan: await planOf(model, predictor === true ? {} : predictor) }),
    ...(trainingState === undefined || compiled === undefined ? {} : await describeTraining(model, trainingState)),
  };
}

async function planOf(model: SavableModel, options: PredictorOptions): Promise<Uint8Array> {
  const { writePlan } = await import("../saved_plan/write.ts");
  return writePlan(model, options);
}

/** The training's state, with what callbacks keep. */
async function describeTraining(model: SavableModel, { callbacks = {}, ...state }: TrainingState) {
  const kept = packCallbacks(callbacks);
  const tuned = model.variants.size === 0 ? {} : { variants: variantsToJson(model.device, model.variants) };
  const training = JSON.parse(JSON.stringify({ ...state, callbacks: kept.json, ...tuned })) as JsonValue;
  return { training, optimizer: await tensorsOf(model, model.namedSlots, {}, kept.tensors) };
}

async function tensorsOf(
  model: SavableModel,
  variables: ReadonlyMap<string, Variable>,
  options: SafetensorsOptions,
  others: ReadonlyMap<string, NdArray> = new Map(),
): Promise<Uint8Array> {
  const read = () => variablesOf(model.device).read([...variables.values()]);
  const arrays = variables.size === 0 ? [] : await raceAbort(read(), model.disposal);
  const own = [...variables.keys()].map((name, index) => [name, arrays[index] as NdArray] as const);
  const bad = own.find(([, array]) => !isFiniteArray(array));
  if (bad !== undefined) {
    throw new NonFiniteError(
      `save: "${bad[0]}" holds a number that is not finite, and a save with it could not be loaded; what was ` +
        "saved before is left as it is. Write finite numbers with setWeights and compile anew, or load an earlier " +
        "save.",
      { variable: bad[0] },
    );
  }
  return writeSafetensors(new Map([...own, ...others]), undefined, options);
}
