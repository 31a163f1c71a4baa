/** Loading a saved model: everything is read and checked before the first weight is written. */
import { FormatError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import { ReviewEncoder } from "../data/review_encoder.ts";
import type { Variable } from "../graph/operation.ts";
import { readModelDirectory, type SavedModel, unpackModel } from "../io/model_file.ts";
import { readSafetensors } from "../io/safetensors.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { openFileSystem } from "../platform/file_system.ts";
import type { Device } from "../runtime/device.ts";
import { variablesOf } from "../runtime/variables.ts";
import { layerFromConfig } from "./layers/index.ts";
import type { LossConfig } from "./losses.ts";
import { Model } from "./model.ts";
import type { ModelFiles } from "./model_save.ts";
import type { OptimizerConfig } from "./optimizers/index.ts";
import type { TrainingState } from "./training_state.ts";

/**
 * Loads a model from a directory or from files in memory, with optimizer state and training position if they were saved.
 * @throws FormatError when a file is cut short, damaged, of a newer version or of something else; nothing is left behind.
 */
export async function loadModel(source: string | ModelFiles, options: { readonly device: Device }): Promise<Model> {
  const saved =
    typeof source === "string" ? await readModelDirectory(await openFileSystem(), source) : await unpackModel(source);
  return restore(saved, options.device);
}

interface SavedLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

interface SavedArchitecture {
  readonly className: string;
  readonly name: string;
  readonly seed: number;
  readonly inputShape: readonly number[];
  readonly layers: readonly SavedLayer[];
  readonly compile?: {
    readonly optimizer: OptimizerConfig;
    readonly loss: LossConfig;
    readonly metrics: readonly string[];
  };
}

/** Everything is read and checked before the first variable is written. */
function restore(saved: SavedModel, device: Device): Model {
  const architecture = checkArchitecture(saved.architecture);
  const encoder = saved.encoder === undefined ? undefined : ReviewEncoder.fromJSON(saved.encoder);
  const { name, seed, inputShape } = architecture;
  const model = new Model(
    architecture.layers.map((layer) => layerFromConfig(layer.className, layer.config, layer.name)),
    { device, inputShape, seed, name },
  );
  try {
    if (architecture.compile !== undefined) model.compile(architecture.compile);
    const weights = matchTensors(model.weightVariables, saved.weights, "weights.safetensors");
    const slots =
      saved.training === undefined || saved.optimizer === undefined
        ? []
        : matchTensors(model.optimizerVariables, saved.optimizer, "optimizer.safetensors");
    const training = saved.training === undefined ? undefined : checkTraining(saved.training);
    const store = variablesOf(device);
    for (const [variable, array] of [...weights, ...slots]) store.write(variable, array);
    if (training !== undefined) model.restoreTraining(training);
    model.encoder = encoder;
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function matchTensors(variables: readonly Variable[], bytes: Uint8Array, file: string): [Variable, NdArray][] {
  const { tensors } = readSafetensors(bytes, file);
  if (tensors.size !== variables.length) {
    throw new FormatError(
      `${file} holds ${tensors.size} tensors; the architecture has ${variables.length}: they belong to different models`,
    );
  }
  return variables.map((variable) => {
    const array = tensors.get(variable.name);
    if (array === undefined)
      throw new FormatError(
        `${file} lacks "${variable.name}", which the architecture has; they belong to different models`,
      );
    if (!sameShape(array.shape, variable.shape) || !(array.data instanceof Float32Array)) {
      throw new FormatError(
        `${file}: "${variable.name}" is ${formatShape(array.shape)}; the architecture says float32 ${formatShape(variable.shape)}`,
      );
    }
    return [variable, array];
  });
}

type Fields = Readonly<Record<string, JsonValue>>;

function fieldsOf(value: JsonValue | undefined, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FormatError(`model.json: ${what} is not an object`);
  return value as Fields;
}

function field<T extends "string" | "number" | "boolean">(fields: Fields, name: string, type: T, what: string) {
  const value = fields[name];
  if (typeof value !== type || (typeof value === "number" && !Number.isFinite(value))) {
    throw new FormatError(`model.json: ${what}.${name} is ${JSON.stringify(value)}; expected a ${type}`);
  }
  return value as T extends "string" ? string : T extends "number" ? number : boolean;
}

function listOf<T>(value: JsonValue | undefined, what: string, read: (item: JsonValue, what: string) => T): T[] {
  if (!Array.isArray(value)) throw new FormatError(`model.json: ${what} is not a list`);
  return (value as readonly JsonValue[]).map((item, index) => read(item, `${what}[${index}]`));
}

const asNumber = (value: JsonValue, what: string): number => {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new FormatError(`model.json: ${what} is ${JSON.stringify(value)}; expected a number`);
  return value;
};

const asText = (value: JsonValue, what: string): string => {
  if (typeof value !== "string")
    throw new FormatError(`model.json: ${what} is ${JSON.stringify(value)}; expected text`);
  return value;
};

function checkArchitecture(value: JsonValue): SavedArchitecture {
  const fields = fieldsOf(value, "architecture");
  const className = field(fields, "className", "string", "architecture");
  if (className !== "Sequential")
    throw new FormatError(`model.json: the architecture is "${className}"; this version loads Sequential models`);
  const layers = listOf(fields.layers, "architecture.layers", (item, what): SavedLayer => {
    const layer = fieldsOf(item, what);
    return {
      className: field(layer, "className", "string", what),
      name: field(layer, "name", "string", what),
      config: fieldsOf(layer.config, `${what}.config`),
    };
  });
  const compile =
    fields.compile === undefined || fields.compile === null
      ? undefined
      : fieldsOf(fields.compile, "architecture.compile");
  return {
    className,
    name: field(fields, "name", "string", "architecture"),
    seed: field(fields, "seed", "number", "architecture"),
    inputShape: listOf(fields.inputShape, "architecture.inputShape", asNumber),
    layers,
    ...(compile === undefined
      ? {}
      : {
          compile: {
            optimizer: fieldsOf(compile.optimizer, "optimizer") as unknown as OptimizerConfig,
            loss: fieldsOf(compile.loss, "loss") as unknown as LossConfig,
            metrics: listOf(compile.metrics, "metrics", asText),
          },
        }),
  };
}

function checkTraining(value: JsonValue): TrainingState {
  const fields = fieldsOf(value, "training");
  const number = (name: string) => field(fields, name, "number", "training");
  return {
    seed: number("seed"),
    epochs: number("epochs"),
    batchSize: number("batchSize"),
    shuffle: field(fields, "shuffle", "boolean", "training"),
    epoch: number("epoch"),
    batch: number("batch"),
    iteration: number("iteration"),
    size: number("size"),
    sums: listOf(fields.sums, "training.sums", asNumber),
    records: listOf(fields.records, "training.records", (item, what) => {
      const record = fieldsOf(item, what);
      const logs = fieldsOf(record.logs, `${what}.logs`);
      return {
        epoch: field(record, "epoch", "number", what),
        seconds: field(record, "seconds", "number", what),
        logs: Object.fromEntries(
          Object.entries(logs).map(([name, result]) => [name, asNumber(result, `${what}.logs.${name}`)]),
        ),
      };
    }),
  };
}
