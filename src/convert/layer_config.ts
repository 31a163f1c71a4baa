/** Converts one layer's configuration between Keras and Sluice. */

import { camelCase } from "../core/camel_case.ts";
import { FormatError, SluiceError, ValueError } from "../core/errors.ts";
import { objectOf, show, textOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { type Layer, layerFromConfig } from "../nn/layers/index.ts";
import type { InnerLayer } from "./inner_options.ts";
import type { LayerRow } from "./layer_row.ts";
import { knownLayers, layerRow } from "./layer_table.ts";
import { flag, type Option } from "./options.ts";
import { regularizer } from "./parts.ts";

/** The fields that every layer's configuration has. */
const COMMON = new Set(["name", "trainable", "dtype", "batch_input_shape", "batch_shape"]);

/**
 * Creates a layer from Keras's class and configuration.
 * @throws FormatError naming the layer, option and value that Sluice does not support.
 */
export function readLayer(className: string, config: JsonValue | undefined, what: string): Layer {
  const row = layerRow(className);
  if (row === undefined) {
    throw new FormatError(
      `${what}: the layer class ${show(className)} is not among those that Sluice reads: ${knownLayers().join(", ")}`,
      { className },
    );
  }
  const fields = objectOf(config, `${what}: config`);
  const name = textOf(fields.get("name"), `${what}: name`);
  const where = `${what}: ${className} "${name}"`;
  checkDType(fields.get("dtype"), where);
  const given = readOptions(row, fields, where);
  const layer = makeLayer(className, given, name, where);
  refuseLost(row, fields, layer, where);
  return layer;
}

function readOptions(row: LayerRow, fields: ReadonlyMap<string, JsonValue>, where: string): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [key, value] of fields) {
    if (COMMON.has(key)) continue;
    const option = optionOf(row, key);
    if (option === undefined) {
      if (value === null || value === false) continue;
      throw new FormatError(`${where} has the option ${key.slice(0, 80)}, ${show(value)}, which Sluice lacks`, { key });
    }
    if (option.isIgnored === true || (value === null && option.fallback === null)) continue;
    const read = option.read(value, `${where}: ${key}`);
    given[optionName(key, option)] = option.isLayer === true ? savedInner(read, where) : read;
  }
  for (const [key, { fallback }] of Object.entries(row.options)) {
    if (fallback === undefined && !fields.has(key)) {
      throw new FormatError(`${where} has no ${key}; the file is damaged`, { key });
    }
  }
  return given;
}

/** Nested layers in the form of Sluice's configurations. */
function savedInner(inner: unknown, where: string): unknown {
  if (Array.isArray(inner)) return inner.map((each) => savedInner(each, where));
  const { className, config } = inner as InnerLayer;
  const layer = readLayer(className, config, where);
  return { className, name: layer.name, config: layer.config };
}

/** Keras writes the activity regularizer for every layer that has one, and for some that have none. */
const EVERYWHERE: Readonly<Record<string, Option>> = { activity_regularizer: regularizer };

function optionOf({ options, callOptions = {} }: LayerRow, key: string): Option | undefined {
  if (Object.hasOwn(options, key)) return options[key];
  if (Object.hasOwn(callOptions, key)) return flag(false);
  return Object.hasOwn(EVERYWHERE, key) ? EVERYWHERE[key] : undefined;
}

const optionName = (key: string, { name }: Option): string => name ?? camelCase(key);

function makeLayer(className: string, given: Record<string, unknown>, name: string, where: string): Layer {
  try {
    return layerFromConfig(className, given, name);
  } catch (cause) {
    if (!(cause instanceof SluiceError)) throw cause;
    throw new FormatError(`${where}: ${cause.message}`, { className }, { cause });
  }
}

/**
 * An option that is missing in the configuration of Sluice's layer is unsupported: only Keras's default is accepted.
 */
function refuseLost(row: LayerRow, fields: ReadonlyMap<string, JsonValue>, layer: Layer, where: string): void {
  for (const [key, option] of Object.entries({ ...EVERYWHERE, ...row.options })) {
    const value = fields.get(key);
    if (value === undefined || option.isIgnored === true || option.mayBeLost === true) continue;
    if (Object.hasOwn(layer.config, optionName(key, option)) || value === option.fallback) continue;
    if (option.fallback !== undefined && option.fallback !== null) {
      const normal = JSON.stringify(option.read(option.fallback, where));
      if (JSON.stringify(option.read(value, where)) === normal) continue;
    }
    throw new FormatError(
      `${where} has ${key} ${show(value)}, which Sluice ` +
        `lacks${option.fallback === undefined ? "" : `; it can do ${show(option.fallback)}`}`,
      { layer: layer.name, option: key, value },
    );
  }
}

/** @throws FormatError unless the layer computes in float32. */
export function checkDType(dtype: JsonValue | undefined, where: string): void {
  if (dtype === undefined || dtype === null || dtype === "float32" || dtype === "int32") return;
  if (typeof dtype === "object" && !Array.isArray(dtype)) {
    const config = objectOf(dtype, `${where}: dtype`).get("config");
    const name = config === undefined ? undefined : objectOf(config, `${where}: dtype`).get("name");
    if (name === "float32") return;
    throw new FormatError(`${where} has the dtype ${show(name)}, which Sluice lacks; it computes in float32`, {
      dtype,
    });
  }
  throw new FormatError(`${where} has the dtype ${show(dtype)}, which Sluice lacks; it computes in float32`, { dtype });
}

/**
 * Converts all options of a layer to Keras's names and values. @throws ValueError for a layer or option that Keras does
 * not support.
 */
export function writeOptions(layer: Layer): Record<string, JsonValue> {
  const row = layerRow(layer.className);
  if (row === undefined) {
    throw new ValueError(`the layer "${layer.name}" is of the class ${layer.className}, which Keras does not have`);
  }
  const left = new Set(Object.keys(layer.config));
  for (const option of Object.values(row.callOptions ?? {})) left.delete(option);
  const written: Record<string, JsonValue> = {};
  for (const [key, option] of Object.entries(EVERYWHERE)) {
    const value = layer.config[optionName(key, option)];
    if (left.delete(optionName(key, option)) && value !== undefined) written[key] = option.write(value);
  }
  for (const [key, option] of Object.entries(row.options)) {
    const name = optionName(key, option);
    left.delete(name);
    const value = layer.config[name];
    if (value !== undefined && value !== null && option.isIgnored !== true) {
      written[key] = option.write(value);
    } else if (option.fallback === null || typeof option.fallback !== "string") {
      written[key] = option.fallback ?? null;
    } else {
      written[key] = option.write(option.read(option.fallback, key));
    }
  }
  const [lost] = left;
  if (lost !== undefined) {
    throw new ValueError(
      `${layer.className} "${layer.name}" has ${lost} ${show(layer.config[lost])}, which Keras does not have`,
      { layer: layer.name, option: lost },
    );
  }
  return written;
}
