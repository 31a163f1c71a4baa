/** Converts regularizers and constraints: objects with a class and a few numbers. */

import { camelCase } from "../core/camel_case.ts";
import { FormatError, SluiceError } from "../core/errors.ts";
import { objectOf, show, textOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { type ConstraintConfig, resolveConstraint } from "../nn/weights/constraints.ts";
import { type RegularizerConfig, resolveRegularizer } from "../nn/weights/regularizers.ts";
import { lowerFirst, snakeCase, upperFirst } from "./names.ts";
import type { Option } from "./options.ts";

type PartConfig = RegularizerConfig | ConstraintConfig;

interface Kind {
  readonly module: string;
  /** Sluice's names for classes whose names are not just the lower-camel-case form. */
  readonly names: Readonly<Record<string, string>>;
  /** @throws ValueError for anything that Sluice does not support. */
  resolve(config: PartConfig): { readonly config: PartConfig } | undefined;
}

/** A regularizer of a weight or an output, or null. */
export const regularizer = part({
  module: "keras.regularizers",
  names: { L1: "l1", L2: "l2", L1L2: "l1l2" },
  resolve: (config) => resolveRegularizer(config as RegularizerConfig),
});

/** A constraint on a weight, or null. */
export const constraint = part({
  module: "keras.constraints",
  names: {},
  resolve: (config) => resolveConstraint(config),
});

function part({ module, names, resolve }: Kind): Option {
  return {
    fallback: null,
    read(value, what) {
      const fields = objectOf(value, what);
      const className = textOf(fields.get("class_name"), `${what}: class_name`);
      const config: Record<string, number | string | readonly number[]> & { name: string } = {
        name: names[className] ?? lowerFirst(className),
      };
      for (const [key, option] of objectOf(fields.get("config"), `${what}: config`)) {
        if (!isPlain(option))
          throw new FormatError(`${what}: ${className} has ${key} ${show(option)}, which Sluice lacks`);
        config[camelCase(key)] = option;
      }
      try {
        return resolve(config)?.config;
      } catch (cause) {
        if (!(cause instanceof SluiceError)) throw cause;
        throw new FormatError(`${what}: ${cause.message}`, { value }, { cause });
      }
    },
    write(value) {
      const { name, ...options } = value as PartConfig;
      const known = Object.entries(names).find(([, ours]) => ours === name)?.[0];
      const config = Object.fromEntries(
        Object.entries(options).map(([key, option]): [string, JsonValue] => [snakeCase(key), option]),
      );
      return { module, class_name: known ?? upperFirst(name), config, registered_name: null };
    },
  };
}

function isPlain(value: JsonValue): value is number | string | readonly number[] {
  if (Array.isArray(value)) return value.every((item) => typeof item === "number");
  return typeof value === "number" || typeof value === "string";
}

/** Options such as `kernel_regularizer` and `bias_constraint`. */
export function parts(names: readonly string[], part: "regularizer" | "constraint"): Record<string, Option> {
  const option = part === "regularizer" ? regularizer : constraint;
  return Object.fromEntries(names.map((name) => [`${name}_${part}`, option]));
}
