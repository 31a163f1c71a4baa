/** Reads and writes each kind of layer option in Keras's configurations. */
import { FormatError, SluiceError, ValueError } from "../core/errors.ts";
import { objectOf, show, textOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { activationName } from "../nn/activations/index.ts";
import { readInitializer, writeInitializer } from "./initializers.ts";
import { snakeCase } from "./names.ts";

/** One option of a layer. */
export interface Option {
  /** Keras's default; undefined if the option is required. */
  readonly fallback: JsonValue | undefined;
  /** Sluice's name, if it is not the camelCase of Keras's. */
  readonly name?: string;
  /** Whether the option is ignored, whatever its value. */
  readonly isIgnored?: boolean;
  /** Whether the option contains one or several layers, read as `InnerLayer`. */
  readonly isLayer?: boolean;
  /** Whether the option may be lost because it does not affect predictions. */
  readonly mayBeLost?: boolean;
  /** Converts a value to Sluice's form. @throws FormatError if it has the wrong type. */
  read(value: JsonValue, what: string): unknown;
  /** Converts a value to Keras's form. */
  write(value: unknown): JsonValue;
}

const same = (value: unknown): JsonValue => value as JsonValue;

function kind(name: string, accepts: (value: JsonValue) => boolean) {
  return (fallback?: JsonValue): Option => ({
    fallback,
    read(value, what) {
      if (accepts(value)) return value;
      throw new FormatError(`${what} is ${show(value)}; expected ${name}`, { value });
    },
    write: same,
  });
}

const isNumber = (value: JsonValue | undefined): value is number => typeof value === "number" && Number.isFinite(value);

/** A finite number. */
export const number = kind("a number", isNumber);

/** True or false. */
export const flag = kind("true or false", (value) => typeof value === "boolean");

/** A finite number or null. */
export const numberOrNull = kind("a number or null", (value) => value === null || isNumber(value));

/** One of several strings. */
export function word(fallback: string | undefined, ...choices: readonly string[]): Option {
  return kind(choices.map((choice) => `"${choice}"`).join(" or "), (value) => choices.includes(value as string))(
    fallback,
  );
}

/** An integer that Keras may write as a list of one: sizes and strides of one-dimensional layers. */
export function size1d(fallback?: number): Option {
  return {
    fallback,
    read(value, what) {
      const single = Array.isArray(value) && value.length === 1 ? (value[0] as JsonValue) : value;
      if (isNumber(single)) return single;
      throw new FormatError(`${what} is ${show(value)}; expected one whole number`, { value });
    },
    write: (value) => [value as number],
  };
}

/** One axis. */
export function axis(fallback: number): Option {
  return { ...size1d(fallback), write: same };
}

/** Axes, which a built layer writes as a list. */
export function axisList(fallback: number): Option {
  return {
    fallback,
    read(value, what) {
      if (isNumber(value)) return value;
      const list = sizes.read(value, what) as readonly number[];
      return list.length === 1 ? list[0] : list;
    },
    write: (value) => (typeof value === "number" ? [value] : (value as JsonValue)),
  };
}

/** Two axes, or one for both. */
export const axes: Option = {
  fallback: undefined,
  read(value, what) {
    if (isNumber(value) || (Array.isArray(value) && value.length === 2 && value.every(isNumber))) return value;
    throw new FormatError(`${what} is ${show(value)}; expected an axis or two`, { value });
  },
  write: same,
};

/** Integer sizes. */
export const sizes: Option = {
  fallback: undefined,
  read(value, what) {
    if (Array.isArray(value) && value.length <= 8 && value.every(isNumber)) return value;
    throw new FormatError(`${what} is ${show(value)}; expected a list of integer sizes`, { value });
  },
  write: same,
};

/** Sizes, some of which may be null. */
export const openSizes: Option = {
  fallback: null,
  read(value, what) {
    if (Array.isArray(value) && value.length <= 8 && value.every((size) => size === null || isNumber(size)))
      return value;
    throw new FormatError(`${what} is ${show(value)}; expected a list of sizes or nulls`, { value });
  },
  write: same,
};

/** The seed of a layer's random numbers. */
export const seed: Option = { ...numberOrNull(null), mayBeLost: true };

/** An option that is ignored when read; `value` is written. */
export function ignored(value: JsonValue): Option {
  return { fallback: value, isIgnored: true, read: () => undefined, write: () => value };
}

/** The name of a function: Keras writes a string, or an object that contains it. */
export function activation(fallback: string | null = "linear"): Option {
  return {
    fallback,
    read(value, what) {
      const name = value === null ? "linear" : functionName(value, what);
      try {
        activationName(name);
        return name;
      } catch (cause) {
        if (!(cause instanceof SluiceError)) throw cause;
        throw new FormatError(`${what}: ${cause.message}`, { value }, { cause });
      }
    },
    write(value) {
      if (typeof value !== "string") {
        throw new ValueError(
          `the activation ${show(value)} has options, but Keras's files keep only its name; put the activation into ` +
            "a separate layer, such as leakyRelu",
        );
      }
      return snakeCase(value);
    },
  };
}

function functionName(value: JsonValue, what: string): string {
  if (typeof value === "string") return value;
  const fields = objectOf(value, what);
  // A layer used as an activation, such as LeakyReLU, has a configuration; a function only has a name.
  const name = fields.get("class_name") === "function" ? fields.get("config") : fields.get("class_name");
  return textOf(name, what);
}

/** An initializer. */
export function initializer(fallback: string): Option {
  return { fallback, read: readInitializer, write: writeInitializer };
}
