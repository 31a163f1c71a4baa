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

/** A saved model as files by name; in a browser, the app can download or store them. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>;

/** Options of `save`. */
export interface SaveOptions {
  /** The dtype of saved weights: exact, or half the size with three significant digits. Default: "float32". */
  readonly weights?: "float32" | "float16";
  /** Whether to save the optimizer's and training run's state, needed only to resume training. Default: true. */
  readonly training?: boolean;
  /**
   * Whether to add a plan for `loadPredictor` of `sluice/predict`, which predicts without the engine; true or options.
   * Default: false.
   */
  readonly predictor?: boolean | PredictorOptions;
}

const SAVE = {
  weights: withDefault(oneOf(["float32", "float16"]), "float32"),
  training: withDefault(flag, true),
  predictor: withDefault(either(flag, checkedLater<PredictorOptions>("options")), false),
} satisfies TableOf<SaveOptions>;

/** The parts of a model that are saved. */
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
 * Saves to a directory (Node, Deno); an existing save is replaced only once the new one is complete. Concurrent saves
 * are safe; within a process, the last one requested wins.
 * @throws NonFiniteError if a weight or optimizer's state is not finite, which `loadModel` would reject.
 * @throws FileError for a URL, or if a file cannot be written.
 */
export async function saveModel(model: SavableModel, directory: string, options: SaveOptions): Promise<void> {
  if (typeof directory !== "string") throw new ValueError(`save: got ${shown(directory)}; expected a path`);
  const saved = describe(model, options);
  // The promise is awaited when the save's turn comes, which reports the error.
  saved.catch(() => undefined);
  await writeModelDirectory(await openFileSystem(), directory, saved);
}

/** Returns the files of a save in memory. */
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

/** The training state with the callbacks' states. */
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
      `save: "${bad[0]}" holds a number that is not finite, so the save could not be loaded; the earlier save ` +
        "is unchanged. Write finite numbers with setWeights and compile again, or load an earlier " +
        "save.",
      { variable: bad[0] },
    );
  }
  return writeSafetensors(new Map([...own, ...others]), undefined, options);
}
