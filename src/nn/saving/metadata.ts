/** Metadata: JSON that users save with a model. */
import { ValueError } from "../../core/errors.ts";
import type { JsonValue } from "../../core/json_check.ts";
import { shown } from "../../core/options.ts";
import type { Metadata } from "../../io/model_file.ts";

/** Assignable metadata: objects with `toJSON`, such as scalers, are converted to JSON. */
export type MetadataLike = Readonly<
  Record<
    string,
    | JsonValue
    | {
        /** The value as JSON. */
        toJSON(): object;
      }
  >
>;

/** The maximum number of characters of a model's metadata as JSON. */
const MAX_LENGTH = 2 ** 20;

/**
 * Copies metadata through JSON, as it will be read from the saved model.
 * @throws ValueError for values that JSON cannot represent (NaN, undefined, a Map), or too much JSON.
 */
export function metadataOf(given: unknown): Metadata {
  try {
    const json = JSON.stringify(given, (name, value: unknown) => {
      if (isJson(value)) return value;
      throw new ValueError(`"${name}" is ${shown(value)}`);
    });
    if (typeof given !== "object" || given === null || Array.isArray(given))
      throw new ValueError(`got ${shown(given)}`);
    if (json.length > MAX_LENGTH) throw new ValueError(`it has ${json.length} characters as JSON, over ${MAX_LENGTH}`);
    return JSON.parse(json);
  } catch (cause) {
    throw new ValueError(
      `metadata: ${cause instanceof Error ? cause.message : cause}; expected an object of JSON values and scalers`,
      {},
      { cause },
    );
  }
}

/** False for values that JSON would change. */
function isJson(value: unknown): boolean {
  if (typeof value !== "object" || value === null) {
    return value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
  }
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
