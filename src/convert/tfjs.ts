/**
 * TensorFlow.js layers models: `model.json`, and weights in binary shards in the same directory.
 * https://www.tensorflow.org/js/guide/save_load
 */
import { FormatError, ValueError } from "../core/errors.ts";
import { countsOf, objectOf, show, textOf } from "../core/json_check.ts";
import type { NdArray } from "../core/nd_array.ts";
import { instanceOf, readOptions, readValue } from "../core/option_table.ts";
import { formatShape, sameShape, sizeOf } from "../core/shape.ts";
import { type JsonValue, parseStrictJson } from "../io/strict_json.ts";
import type { Model } from "../nn/model/model.ts";
import type { FileLimits } from "../platform/file_limits.ts";
import { openFileSystem } from "../platform/file_system.ts";
import { pathOf } from "../platform/open_source.ts";
import { readSource } from "../platform/read_source.ts";
import { type AnyModel, anyModel } from "./any_model.ts";
import type { Device } from "./device.ts";
import { type Fields, listOf, OPEN, type OpenLength, withLength } from "./keras_entry.ts";
import { readModelConfig } from "./keras_read.ts";
import { writeModelConfig } from "./keras_write.ts";
import { topologyToKeras } from "./tfjs_read.ts";
import { topologyFromKeras } from "./tfjs_write.ts";

/** The files of a TensorFlow.js model by name, `model.json` among them. */
export type TfjsFiles = ReadonlyMap<string, Uint8Array>;

const TOPOLOGY = "model.json";
const WEIGHTS = "weights.bin";
const MAX_JSON_BYTES = 2 ** 26;
const MAX_SHARDS = 1_024;
/** Shards must be in the directory of `model.json`. */
const SHARD = /^[\w-][\w.-]*$/;

/**
 * Loads a layers model that TensorFlow.js saved or that its converter created from a Keras model. If the files leave
 * the number of timesteps open, give `length`.
 * @param source the path of its directory or of its `model.json` (Node, Deno), the URL of `model.json`, or the files in
 * memory.
 * @throws FormatError if a file is damaged or quantized, or has a layer or option that Sluice does not support, which
 * the error names.
 * @throws FileError if a file is missing.
 * @example
 * const model = await loadTfjs("https://example.org/sentiment/model.json", { device });
 */
export async function loadTfjs<P extends NdArray | NdArray[] = NdArray>(
  source: string | URL | TfjsFiles,
  options: { readonly device: Device } & OpenLength & FileLimits,
): Promise<Model<P>> {
  const { device, length, maxBytes } = readOptions("loadTfjs(source)", OPEN, options);
  const read = typeof source === "string" || source instanceof URL ? readerAt(source) : readerOf(source);
  const fields = objectOf(parseStrictJson(await read(TOPOLOGY, MAX_JSON_BYTES), TOPOLOGY), TOPOLOGY);
  const format = fields.get("format") ?? "layers-model";
  if (format !== "layers-model") {
    throw new FormatError(`${TOPOLOGY}: the format is ${show(format)}; expected "layers-model"`, { format });
  }
  const weights = await readWeights(
    listOf(fields.get("weightsManifest"), `${TOPOLOGY}: weightsManifest`),
    read,
    maxBytes,
  );
  const topology = objectOf(fields.get("modelTopology"), `${TOPOLOGY}: modelTopology`);
  const keras = topologyToKeras(topology.get("model_config") ?? Object.fromEntries(topology), TOPOLOGY);
  const model = readModelConfig(withLength(keras, length), device, TOPOLOGY);
  try {
    await model.setWeights(matchWeights(model, weights));
    return model as Model<P>;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * Converts the model to TensorFlow.js's files `model.json` and `weights.bin`, for `tf.loadLayersModel`; its option
 * `fastWeightInit: true` skips the initializers.
 * @throws ValueError naming a layer, option or activation that TensorFlow.js lacks or computes differently.
 * @example
 * for (const [name, bytes] of await toTfjs(model)) await writeFile(`sentiment/${name}`, bytes);
 */
export async function toTfjs(model: AnyModel): Promise<TfjsFiles> {
  readValue("toTfjs", "model", anyModel, model);
  const topology = topologyFromKeras(writeModelConfig(model));
  const arrays = await model.weights();
  const names = model.weightVariables.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new ValueError(`toTfjs: two weights are called "${twice}"; use different names for layers of nested models`, {
      name: twice,
    });
  }
  const bytes = new Uint8Array(arrays.reduce((sum, { data }) => sum + data.byteLength, 0));
  let at = 0;
  for (const { data } of arrays) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  const weights = arrays.map(({ shape }, index) => ({ name: names[index] as string, shape, dtype: "float32" }));
  const json = {
    format: "layers-model",
    generatedBy: "sluice",
    convertedBy: null,
    modelTopology: { ...topology, keras_version: "tfjs-layers 4.22.0", backend: "tensor_flow.js" },
    weightsManifest: [{ paths: [WEIGHTS], weights }],
  };
  return new Map([
    [WEIGHTS, bytes],
    [TOPOLOGY, new TextEncoder().encode(JSON.stringify(json))],
  ]);
}

type ReadFile = (name: string, maxBytes: number) => Promise<Uint8Array>;

function readerOf(files: TfjsFiles): ReadFile {
  readValue("loadTfjs", "source", instanceOf("a path, a URL, or a Map of bytes by name", Map), files);
  return async (name) => {
    const bytes = files.get(name);
    if (bytes !== undefined) return bytes;
    throw new FormatError(`${name} is missing; expected it among ${[...files.keys()].join(", ") || "no files"}`, {
      name,
    });
  };
}

function readerAt(source: string | URL): ReadFile {
  const whole = typeof source === "string" ? source : source.href;
  // The query string, such as a signature, is for the server.
  const [, path = "", query = ""] = /^([^?]*)(\?.*)?$/s.exec(whole) ?? [];
  const folder = path.endsWith(".json") ? path.slice(0, path.lastIndexOf("/") + 1) : `${path.replace(/\/$/, "")}/`;
  return async (name, maxBytes) => {
    const own = name === TOPOLOGY && path.endsWith(".json") ? path : `${folder}${name}`;
    if (name !== TOPOLOGY) await expectInside(folder, own);
    return (await readSource(`${own}${query}`, maxBytes)).bytes;
  };
}

/** @throws FormatError if a file on disk is a link to outside its folder. */
async function expectInside(folder: string, file: string): Promise<void> {
  const [place, path] = [await pathOf(folder), await pathOf(file)];
  if (place === undefined || path === undefined) return;
  const files = await openFileSystem();
  const [root, real] = [await files.realPath(place || "."), await files.realPath(path)];
  if (real.slice(0, Math.max(real.lastIndexOf("/"), real.lastIndexOf("\\"), 1)) === root) return;
  throw new FormatError(`${file} is a link to ${real}, outside of its folder; expected a file beside ${TOPOLOGY}`, {
    file,
  });
}

async function readWeights(
  groups: readonly JsonValue[],
  read: ReadFile,
  maxBytes: number,
): Promise<Map<string, NdArray>> {
  const weights = new Map<string, NdArray>();
  let shards = 0;
  let claimed = 0;
  for (const [index, group] of groups.entries()) {
    const what = `${TOPOLOGY}: weightsManifest[${index}]`;
    const fields = objectOf(group, what);
    const paths = listOf(fields.get("paths"), `${what}.paths`);
    shards += paths.length;
    if (shards > MAX_SHARDS)
      throw new FormatError(`${what}: more than ${MAX_SHARDS} shards; expected fewer, larger ones`);
    const specs = listOf(fields.get("weights"), `${what}.weights`).map((spec) => weightOf(objectOf(spec, what), what));
    const total = specs.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
    claimed += total;
    if (claimed > maxBytes) {
      throw new FormatError(`${what}: the weights take ${claimed} bytes; expected at most ${maxBytes} (maxBytes)`);
    }
    const bytes = new Uint8Array(await joinShards(paths, total, read, what));
    let at = 0;
    for (const { name, shape } of specs) {
      if (weights.has(name)) throw new FormatError(`${what}: two weights are called ${show(name)}`);
      const end = at + 4 * sizeOf(shape);
      weights.set(name, { shape, data: new Float32Array(bytes.slice(at, end).buffer) });
      at = end;
    }
  }
  return weights;
}

function weightOf(fields: Fields, what: string) {
  const name = textOf(fields.get("name"), `${what}: name`);
  const dtype = fields.get("dtype");
  if (fields.has("quantization")) {
    throw new FormatError(
      `${what}: "${name}" is quantized, which Sluice does not read; convert the model again without quantization`,
      { name },
    );
  }
  if (dtype !== "float32") throw new FormatError(`${what}: "${name}" is ${show(dtype)}; expected float32`, { name });
  const shape = countsOf(fields.get("shape"), `${what}: ${name}: shape`, 8);
  if (!Number.isSafeInteger(4 * sizeOf(shape))) throw new FormatError(`${what}: "${name}" is ${formatShape(shape)}`);
  return { name, shape };
}

async function joinShards(
  paths: readonly JsonValue[],
  total: number,
  read: ReadFile,
  what: string,
): Promise<ArrayBuffer> {
  const shards: Uint8Array[] = [];
  let length = 0;
  for (const path of paths) {
    const name = textOf(path, `${what}.paths`);
    if (!SHARD.test(name)) throw new FormatError(`${what}: the path ${show(name)} leads elsewhere`, { name });
    const shard = await read(name, total);
    length += shard.length;
    shards.push(shard);
    if (length > total) break;
  }
  if (length !== total) {
    throw new FormatError(
      `${what}: the shards hold ${length} bytes${length > total ? " or more" : ""}; the weights take ${total}: they ` +
        "are cut short, or of another model",
      { length, total },
    );
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const shard of shards) {
    whole.set(shard, at);
    at += shard.length;
  }
  return whole.buffer;
}

function matchWeights(model: AnyModel, weights: ReadonlyMap<string, NdArray>): NdArray[] {
  // Names from Keras also contain the cell of a recurrent layer: lstm/lstm_cell/kernel.
  const short = new Map([...weights].map(([name, array]) => [name.replace(/\/[^/]*(\/[^/]*)$/, "$1"), array]));
  if (weights.size !== model.weightVariables.length) {
    throw new FormatError(`${TOPOLOGY} has ${weights.size} weights; its layers have ${model.weightVariables.length}`);
  }
  return model.weightVariables.map(({ name, shape }) => {
    const array = weights.get(name) ?? short.get(name);
    if (array === undefined) throw new FormatError(`${TOPOLOGY}: the weight "${name}" is missing`, { name });
    if (!sameShape(array.shape, shape)) {
      throw new FormatError(
        `${TOPOLOGY}: "${name}" is ${formatShape(array.shape)}; its layer takes ${formatShape(shape)}`,
      );
    }
    if (!array.data.every(Number.isFinite))
      throw new FormatError(`${TOPOLOGY}: "${name}" holds a number that is not finite`);
    return array;
  });
}
