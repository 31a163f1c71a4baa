/** Keras 3's files: `.keras` (a zip of configuration and weights) and `.weights.h5`. */
import { FormatError } from "../core/errors.ts";
import { objectOf, show, textOf } from "../core/json_check.ts";
import type { NdArray } from "../core/nd_array.ts";
import { readOptions, readValue } from "../core/option_table.ts";
import { parseStrictJson } from "../io/strict_json.ts";
import type { Model } from "../nn/model/model.ts";
import { FILE_LIMITS, type FileLimits } from "../platform/file_limits.ts";
import type { Source } from "../platform/open_source.ts";
import { readSource } from "../platform/read_source.ts";
import { type AnyModel, anyModel } from "./any_model.ts";
import type { Device } from "./device.ts";
import { readHdf5 } from "./hdf5/read.ts";
import { writeHdf5 } from "./hdf5/write.ts";
import { OPEN, type OpenLength, withLength } from "./keras_entry.ts";
import { readModelConfig } from "./keras_read.ts";
import { describeWeights, matchWeights } from "./keras_weights.ts";
import { writeModelConfig } from "./keras_write.ts";
import { readZip, writeZip } from "./zip.ts";

const CONFIG = "config.json";
const METADATA = "metadata.json";
const WEIGHTS = "model.weights.h5";
const MAX_JSON_BYTES = 2 ** 26;

/** The version of Keras whose file format is written. */
const KERAS_VERSION = "3.16.0";

/**
 * Loads a model that Keras 3 saved with `model.save("name.keras")`. Needs the npm package `@zip.js/zip.js`. The compile
 * configuration is not read: compile the model to train it. If the file leaves the number of timesteps open, give
 * `length`.
 * @param source a path (Node, Deno), a URL, a `File` or the bytes.
 * @throws FormatError if the file is damaged, or has a layer or option that Sluice does not support, which the error
 * names.
 * @throws SluiceError if a package is missing; the error contains the command that installs it.
 * @example
 * const model = await loadKeras("sentiment.keras", { device });
 */
export async function loadKeras<P extends NdArray | NdArray[] = NdArray>(
  source: Source,
  options: { readonly device: Device } & OpenLength & FileLimits,
): Promise<Model<P>> {
  const { device, length, maxBytes } = readOptions("loadKeras(source)", OPEN, options);
  const { name, bytes } = await readSource(source, maxBytes);
  const files = await readZip(
    bytes,
    new Map([
      [METADATA, MAX_JSON_BYTES],
      [CONFIG, MAX_JSON_BYTES],
      [WEIGHTS, maxBytes],
    ]),
    name,
  );
  const [metadata, config, weights] = [METADATA, CONFIG, WEIGHTS].map((file) => {
    const found = files.get(file);
    if (found !== undefined) return found;
    throw new FormatError(`${name} has no ${file}; expected a .keras file, as Keras 3 saves it`, { file });
  }) as [Uint8Array, Uint8Array, Uint8Array];
  const version = textOf(
    objectOf(parseStrictJson(metadata, `${name}: ${METADATA}`), `${name}: ${METADATA}`).get("keras_version"),
    `${name}: keras_version`,
  );
  if (!version.startsWith("3."))
    throw new FormatError(`${name} is of Keras ${show(version)}; expected Keras 3`, { version });
  const content = readHdf5(weights, `${name}: ${WEIGHTS}`);
  const json = withLength(parseStrictJson(config, `${name}: ${CONFIG}`), length);
  const model = readModelConfig(json, device, `${name}: ${CONFIG}`);
  await withWeights(model, () => matchWeights(model, content, `${name}: ${WEIGHTS}`));
  return model as Model<P>;
}

/** Loads weights into a new model; disposes it if they do not match. */
async function withWeights(model: AnyModel, match: () => Parameters<Model["setWeights"]>[0]): Promise<void> {
  try {
    await model.setWeights(match());
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * Converts the model to a `.keras` file for Keras's `load_model`. Needs the npm packages `h5wasm` and `@zip.js/zip.js`.
 * @throws ValueError for a layer or option that Keras does not support.
 * @example
 * await writeFile("sentiment.keras", await toKeras(model));
 */
export async function toKeras(model: AnyModel): Promise<Uint8Array<ArrayBuffer>> {
  readValue("toKeras", "model", anyModel, model);
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const config = json(writeModelConfig(model));
  const weights = await toKerasWeights(model);
  const saved = `${new Date().toISOString().slice(0, 19).replace("T", "@")}`;
  return writeZip(
    new Map([
      [METADATA, json({ keras_version: KERAS_VERSION, date_saved: saved })],
      [CONFIG, config],
      [WEIGHTS, weights],
    ]),
  );
}

/**
 * Loads a `.weights.h5` file, written by Keras 3's `model.save_weights`, into a model with the same layers.
 * @throws FormatError if the file is damaged or belongs to another model; the model is then unchanged.
 * @example
 * await loadKerasWeights(model, "sentiment.weights.h5");
 */
export async function loadKerasWeights(model: AnyModel, source: Source, limits: FileLimits = {}): Promise<void> {
  readValue("loadKerasWeights", "model", anyModel, model);
  const { maxBytes } = readOptions("loadKerasWeights(model, source)", FILE_LIMITS, limits);
  const { name, bytes } = await readSource(source, maxBytes);
  await model.setWeights(matchWeights(model, readHdf5(bytes, name), name));
}

/**
 * Converts the model's weights to a `.weights.h5` file for Keras 3's `model.load_weights`. Needs the npm package
 * `h5wasm`.
 * @example
 * await writeFile("sentiment.weights.h5", await toKerasWeights(model));
 */
export async function toKerasWeights(model: AnyModel): Promise<Uint8Array<ArrayBuffer>> {
  readValue("toKerasWeights", "model", anyModel, model);
  return writeHdf5(await describeWeights(model));
}
