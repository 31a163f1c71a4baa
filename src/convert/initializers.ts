/** Converts initializers between Keras's and Sluice's names and options. */

import { camelCase } from "../core/camel_case.ts";
import { FormatError, SluiceError } from "../core/errors.ts";
import { objectOf, show, textOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { type InitializerConfig, resolveInitializer } from "../nn/weights/initializers.ts";
import { lowerFirst, upperFirst } from "./names.ts";

const SEED = { seed: null };
const FANS = { seed: null, input_axes: null, output_axes: null };

/** The options that Keras writes, by Sluice's name; the class name is the same with a capital letter. */
const DEFAULTS: Readonly<Record<string, Readonly<Record<string, JsonValue>>>> = {
  zeros: {},
  ones: {},
  constant: {},
  identity: {},
  randomUniform: SEED,
  randomNormal: SEED,
  truncatedNormal: SEED,
  orthogonal: SEED,
  varianceScaling: FANS,
  glorotUniform: FANS,
  glorotNormal: FANS,
  heUniform: FANS,
  heNormal: FANS,
  lecunUniform: FANS,
  lecunNormal: FANS,
};

/** TensorFlow.js saves these as VarianceScaling. */
const SCALINGS: readonly (readonly [name: string, scale: number, mode: string, distribution: string])[] = [
  ["glorotUniform", 1, "fan_avg", "uniform"],
  ["glorotNormal", 1, "fan_avg", "normal"],
  ["heUniform", 2, "fan_in", "uniform"],
  ["heNormal", 2, "fan_in", "normal"],
  ["lecunUniform", 1, "fan_in", "uniform"],
  ["lecunNormal", 1, "fan_in", "normal"],
];

const ALIASES: Readonly<Record<string, string>> = { uniform: "randomUniform", normal: "randomNormal", zero: "zeros" };

/** @throws FormatError for an initializer that Sluice lacks, naming it. */
export function readInitializer(value: JsonValue, what: string): InitializerConfig {
  const config = typeof value === "string" ? { name: plainName(value) } : readObject(value, what);
  try {
    const resolved = resolveInitializer(config).config;
    const lost = Object.keys(config).find((option) => !Object.hasOwn(resolved, option));
    if (lost === undefined) return config;
    throw new FormatError(`${what}: ${config.name} has the option ${lost}, ${show(config[lost])}, which Sluice lacks`);
  } catch (cause) {
    if (cause instanceof FormatError || !(cause instanceof SluiceError)) throw cause;
    throw new FormatError(`${what}: ${cause.message}`, { value }, { cause });
  }
}

function plainName(name: string): string {
  const camel = lowerFirst(camelCase(name));
  return ALIASES[camel] ?? camel;
}

function readObject(value: JsonValue, what: string): InitializerConfig {
  const fields = objectOf(value, what);
  const className = textOf(fields.get("class_name"), `${what}: class_name`);
  const options = fields.get("config") === undefined ? new Map() : objectOf(fields.get("config"), `${what}: config`);
  if (className === "VarianceScaling" && !fields.has("module")) {
    const known = SCALINGS.find(
      ([, scale, mode, distribution]) =>
        options.get("scale") === scale &&
        options.get("mode") === mode &&
        // Both truncate the normal distribution, but only Keras calls it truncated.
        String(options.get("distribution")).replace("truncated_", "") === distribution,
    );
    if (known !== undefined) return { name: known[0] };
  }
  const config: Record<string, number | string> & { name: string } = { name: plainName(className) };
  for (const [key, option] of options) {
    if (option === null) continue;
    if (typeof option !== "number" && typeof option !== "string") {
      throw new FormatError(`${what}: ${className} has ${key} ${show(option)}, which Sluice lacks`, { className, key });
    }
    // TensorFlow.js and Keras 2 call the truncated normal distribution "normal".
    config[camelCase(key)] = key === "distribution" && option === "normal" ? "truncated_normal" : option;
  }
  return config;
}

/** Converts an initializer to Keras's configuration. */
export function writeInitializer(value: unknown): JsonValue {
  const { name, ...given } = value as InitializerConfig;
  const config = { ...DEFAULTS[name], ...given };
  return { module: "keras.initializers", class_name: upperFirst(name), config, registered_name: null };
}
