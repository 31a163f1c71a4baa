/** What a layer's or a model's entry in Keras's configuration says of itself. */
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

/** An entry. */
export interface Entry {
  readonly className: string;
  readonly config: Fields;
  /** Everything beside the class and its configuration. */
  readonly fields: Fields;
}

/** @throws FormatError for an entry that is damaged, or of someone's own class. */
export function entryOf(value: JsonValue | undefined, what: string): Entry {
  const fields = objectOf(value, what);
  const className = textOf(fields.get("class_name"), `${what}: class_name`);
  const registered = fields.get("registered_name");
  if (registered !== undefined && registered !== null && registered !== className) {
    throw new FormatError(`${what}: ${show(registered)} is a class of someone's own, which Sluice cannot know`, {
      registered,
    });
  }
  return { className, config: objectOf(fields.get("config"), `${what}: ${className}: config`), fields };
}

/** @throws FormatError for what is no list, or one that no model has. */
export function listOf(value: JsonValue | undefined, what: string): readonly JsonValue[] {
  if (Array.isArray(value) && value.length <= MAX_LENGTH) return value;
  throw new FormatError(`${what}: expected a list of at most ${MAX_LENGTH}, got ${show(value)}`);
}

/** A size for those that a file leaves open: it holds null for the timesteps of a model for sequences of any length. */
export interface OpenLength {
  /** The timesteps of the model that is made, where the file fixes none. */
  readonly length?: number | undefined;
}

/** What those take who make a model from a file. */
export const OPEN = {
  ...LOAD,
  length: ifGiven(positive),
  ...FILE_LIMITS,
} satisfies TableOf<{ readonly device: Device } & OpenLength & FileLimits>;

const SHAPES = new Set(["batch_shape", "batch_input_shape", "build_input_shape"]);

/** A configuration in which no input's size is open. */
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

/** The shape of an input, which an input layer or a first layer names; undefined where it names none. */
export function inputShapeOf({ config }: Entry, what: string): Shape | undefined {
  const shape = config.get("batch_shape") ?? config.get("batch_input_shape");
  return shape === undefined || shape === null ? undefined : withoutBatch(shape, `${what}: batch_shape`);
}

/** @throws FormatError for a shape with open sizes beside the batch. */
export function withoutBatch(value: JsonValue | undefined, what: string): Shape {
  const [, ...shape] = listOf(value, what);
  if (shape.includes(null)) {
    throw new FormatError(
      `${what} is ${show(value)}, which leaves a size open; give the loader one for it, such as length: 100`,
    );
  }
  return shape.map((size) => countOf(size, what));
}
