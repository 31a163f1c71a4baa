/** Creates a model from Keras 3's configuration, `config.json`. */
import { FormatError } from "../core/errors.ts";
import { asFormatError, show, textOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { InputLayer, input, type Layer, type SymbolicTensor } from "../nn/layers/index.ts";
import { model as functional } from "../nn/model/functional.ts";
import { type SequentialPart, sequential } from "../nn/model/sequential.ts";
import type { AnyModel } from "./any_model.ts";
import type { Device } from "./device.ts";
import { CallReader } from "./keras_calls.ts";
import { type Entry, entryOf, type Fields, inputShapeOf, listOf, withoutBatch } from "./keras_entry.ts";
import { checkDType, readLayer } from "./layer_config.ts";
import { layerRow } from "./layer_table.ts";

/** The device of the model; undefined for a nested model. */
type Home = Device | undefined;

/**
 * Creates the model that a configuration describes, with newly initialised weights. @throws FormatError naming anything
 * that Sluice does not support.
 */
export function readModelConfig(value: JsonValue, device: Device, what: string): AnyModel {
  return readModel(entryOf(value, what), device, what);
}

function readModel(entry: Entry, device: Home, what: string): AnyModel {
  const { className, config } = entry;
  const name = textOf(config.get("name"), `${what}: name`);
  const where = `${what}: ${className} "${name}"`;
  checkDType(config.get("dtype"), where);
  const read = MODELS.get(className);
  if (read === undefined) {
    throw new FormatError(
      `${what}: the model's class is ${show(className)}; expected one of ${[...MODELS.keys()].join(", ")}`,
      { className },
    );
  }
  const made = asFormatError(where, () => read(config, name, device, where));
  if (config.get("trainable") === false) made.trainable = false;
  return made;
}

const MODELS: ReadonlyMap<string, (config: Fields, name: string, device: Home, what: string) => AnyModel> = new Map([
  ["Sequential", readSequential],
  ["Functional", readFunctional],
]);

/** Reads a layer, or a nested model. */
function readPart(entry: Entry, what: string): Layer {
  if (MODELS.has(entry.className)) return readModel(entry, undefined, what).asLayer();
  const layer = readLayer(entry.className, Object.fromEntries(entry.config), what);
  if (entry.config.get("trainable") === false) layer.trainable = false;
  return layer;
}

function readSequential(config: Fields, name: string, device: Home, what: string): AnyModel {
  const entries = listOf(config.get("layers"), `${what}: layers`).map((item, index) =>
    entryOf(item, `${what}: layers[${index}]`),
  );
  const [first] = entries;
  if (first === undefined) throw new FormatError(`${what} has no layers; build the model before saving it`);
  const isInput = first.className === "InputLayer";
  const shape =
    inputShapeOf(first, what) ?? withoutBatch(config.get("build_input_shape"), `${what}: build_input_shape`);
  // The input's dtype is ignored: Keras writes float32 even for ids.
  const head = isInput ? { name: textOf(first.config.get("name"), `${what}: name of the input`) } : {};
  const parts: SequentialPart[] = [
    input({ shape, ...head }),
    ...(isInput ? entries.slice(1) : entries).map((entry) => readPart(entry, what)),
  ];
  return sequential(parts, { device, name }) as AnyModel;
}

function readFunctional(config: Fields, name: string, device: Home, what: string): AnyModel {
  const calls = new CallReader(what);
  for (const item of listOf(config.get("layers"), `${what}: layers`)) {
    const entry = entryOf(item, `${what}: layers`);
    const own = textOf(entry.fields.get("name") ?? entry.config.get("name"), `${what}: name of a layer`);
    const inbound = listOf(entry.fields.get("inbound_nodes"), `${what}: ${own}: inbound_nodes`);
    if (entry.className === "InputLayer") calls.addInput(own, readInput(entry, own, what));
    else if (CallReader.isOperation(entry.className)) calls.addOperation(own, entry.className, inbound);
    else calls.addLayer(own, readPart(withCallOptions(entry, inbound), what), inbound);
  }
  calls.run();
  const inputs = calls.ends(config.get("input_layers"), `${what}: input_layers`);
  const outputs = calls.ends(config.get("output_layers"), `${what}: output_layers`);
  const made = functional({ inputs, outputs, device, name }) as AnyModel;
  calls.checkMasks(made.graph);
  return made;
}

/** Some of Keras's call arguments are layer options in Sluice: they must be the same in all calls. */
function withCallOptions(entry: Entry, inbound: readonly JsonValue[]): Entry {
  const options = Object.entries(layerRow(entry.className)?.callOptions ?? {});
  const isGiven = (key: string) =>
    inbound.length > 0 &&
    inbound.every((call) => {
      const kwargs = (call as { readonly kwargs?: Readonly<Record<string, JsonValue>> } | null)?.kwargs;
      return kwargs?.[key] === true;
    });
  const given = options.filter(([key]) => isGiven(key)).map(([key]): [string, JsonValue] => [key, true]);
  return given.length === 0 ? entry : { ...entry, config: new Map([...entry.config, ...given]) };
}

function readInput(entry: Entry, name: string, what: string): SymbolicTensor {
  const shape = inputShapeOf(entry, `${what}: ${name}`);
  const dtype = entry.config.get("dtype") ?? "float32";
  if (shape === undefined) throw new FormatError(`${what}: the input "${name}" has no shape; the file is damaged`);
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    throw new FormatError(`${what}: the input "${name}" has the dtype ${show(dtype)}, which Sluice lacks`, { dtype });
  }
  return (new InputLayer({ shape, dtype, name }).nodes[0] as InputLayer["nodes"][number]).outputs[0] as SymbolicTensor;
}
