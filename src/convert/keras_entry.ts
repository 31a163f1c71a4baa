/** Reads a layer's or a model's entry in Keras's configuration. */
import { FormatError } from "../core/errors.ts";
import { countOf, objectOf, show, textOf } from "../core/json_check.ts";
import { ifGiven, positive, type TableOf } from "../core/option_table.ts";
import type { Shape } from "../core/shape.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { LOAD } from "../nn/model/load_model.ts";
import { FILE_LIMITS, type FileLimits } from "../platform/file_limits.ts";
import type { Device } from "./device.ts";

const MAX_LENGTH = 10_000;

/** The fields of a JSON object. */
export type Fields = ReadonlyMap<string, JsonValue>;

/** An entry of the configuration. */
export interface Entry {
  readonly className: string;
  readonly config: Fields;
  /** All other fields of the entry. */
  readonly fields: Fields;
}

/** @throws FormatError if the entry is damaged, or of a custom class. */
export function entryOf(value: JsonValue | undefined, what: string): Entry {
  const fields = objectOf(value, what);
  const className = textOf(fields.get("class_name"), `${what}: class_name`);
  const registered = fields.get("registered_name");
  if (registered !== undefined && registered !== null && registered !== className) {
    throw new FormatError(`${what}: ${show(registered)} is a custom class, which Sluice cannot load`, {
      registered,
    });
  }
  return { className, config: objectOf(fields.get("config"), `${what}: ${className}: config`), fields };
}

/** @throws FormatError if the value is not a list, or is too long. */
export function listOf(value: JsonValue | undefined, what: string): readonly JsonValue[] {
  if (Array.isArray(value) && value.length <= MAX_LENGTH) return value;
  throw new FormatError(`${what}: expected a list of at most ${MAX_LENGTH}, got ${show(value)}`);
}

/** Replaces open sizes: a file has null for the timesteps of a model for sequences of any length. */
export interface OpenLength {
  /** The number of timesteps, if the file leaves it open. */
  readonly length?: number | undefined;
}

/** The options of all functions that create a model from a file. */
export const OPEN = {
  ...LOAD,
  length: ifGiven(positive),
  ...FILE_LIMITS,
} satisfies TableOf<{ readonly device: Device } & OpenLength & FileLimits>;

const SHAPES = new Set(["batch_shape", "batch_input_shape", "build_input_shape"]);

/** Replaces the open sizes of all inputs in a configuration. */
export function withLength(value: JsonValue, length: number | undefined): JsonValue {
  if (length === undefined) return value;
  const closed = (key: string, item: JsonValue): JsonValue =>
    SHAPES.has(key) && Array.isArray(item)
      ? item.map((size: JsonValue, axis: number) => (axis > 0 && size === null ? length : size))
      : close(item);
  const close = (item: JsonValue): JsonValue => {
    if (Array.isArray(item)) return item.map(close);
    if (typeof item !== "object" || item === null) return item;
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, closed(key, inner)]));
  };
  return close(value);
}

/** The input shape in the entry of an input layer or a first layer, if any. */
export function inputShapeOf({ config }: Entry, what: string): Shape | undefined {
  const shape = config.get("batch_shape") ?? config.get("batch_input_shape");
  return shape === undefined || shape === null ? undefined : withoutBatch(shape, `${what}: batch_shape`);
}

/** @throws FormatError if a size other than the batch is open. */
export function withoutBatch(value: JsonValue | undefined, what: string): Shape {
  const [, ...shape] = listOf(value, what);
  if (shape.includes(null)) {
    throw new FormatError(
      `${what} is ${show(value)}, which leaves a size open; give the loader one, such as length: 100`,
    );
  }
  return shape.map((size) => countOf(size, what));
}
