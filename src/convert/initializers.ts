/** Initializers: Keras's names and options against Sluice's. */
import { FormatError, SluiceError } from "../core/errors.ts";
import { objectOf, show, textOf } from "../io/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { type InitializerConfig, resolveInitializer } from "../nn/initializers.ts";
import { camelCase } from "../nn/names.ts";
import { lowerFirst, upperFirst } from "./names.ts";
import type { Dialect } from "./options.ts";

interface KerasInitializer {
  /** What Keras writes beside the options, in its order. */
  readonly constants?: Readonly<Record<string, JsonValue>>;
  /** Keras's option -> Sluice's. */
  readonly options?: Readonly<Record<string, string>>;
}

const SEED = { seed: null };
const FANS = { constants: { seed: null, input_axes: null, output_axes: null } };

/** By Sluice's name; the class's name is the same with a capital. */
const INITIALIZERS: Readonly<Record<string, KerasInitializer>> = {
  zeros: {},
  ones: {},
  constant: { options: { value: "value" } },
  identity: { options: { gain: "gain" } },
  randomUniform: { constants: SEED, options: { minval: "minval", maxval: "maxval" } },
  randomNormal: { constants: SEED, options: { mean: "mean", stddev: "stddev" } },
  truncatedNormal: { constants: SEED, options: { mean: "mean", stddev: "stddev" } },
  varianceScaling: { constants: SEED, options: { scale: "scale", mode: "mode", distribution: "distribution" } },
  orthogonal: { constants: SEED, options: { gain: "gain" } },
  glorotUniform: FANS,
  glorotNormal: FANS,
  heUniform: FANS,
  heNormal: FANS,
  lecunUniform: FANS,
  lecunNormal: FANS,
};

/** TensorFlow.js saves these as the VarianceScaling that they are. */
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
  if (className === "VarianceScaling") {
    const known = SCALINGS.find(
      ([, scale, mode, distribution]) =>
        options.get("scale") === scale &&
        options.get("mode") === mode &&
        // Keras and TensorFlow.js both cut the normal distribution off; Keras says so.
        String(options.get("distribution")).replace("truncated_", "") === distribution,
    );
    if (known !== undefined) return { name: known[0] };
  }
  const name = plainName(className);
  const names = INITIALIZERS[name]?.options ?? {};
  const config: Record<string, number | string> & { name: string } = { name };
  for (const [key, option] of options) {
    if (key === "seed" || option === null) continue;
    if (typeof option !== "number" && typeof option !== "string") {
      throw new FormatError(`${what}: ${className} has ${key} ${show(option)}, which Sluice lacks`, { className, key });
    }
    config[names[key] ?? camelCase(key)] = option;
  }
  return config;
}

/** Keras's form of an initializer. */
export function writeInitializer(value: unknown, dialect: Dialect): JsonValue {
  const { name, ...given } = value as InitializerConfig;
  const scaling = SCALINGS.find(([known]) => known === name);
  if (dialect === "tfjs" && scaling !== undefined) {
    const [, scale, mode, distribution] = scaling;
    return { class_name: "VarianceScaling", config: { scale, mode, distribution, seed: null } };
  }
  const { constants = {}, options = {} } = INITIALIZERS[name] ?? {};
  const values = Object.fromEntries(Object.entries(options).map(([key, option]) => [key, given[option] ?? null]));
  const parts = { class_name: upperFirst(name), config: { ...constants, ...values } };
  return dialect === "tfjs" ? parts : { module: "keras.initializers", ...parts, registered_name: null };
}
