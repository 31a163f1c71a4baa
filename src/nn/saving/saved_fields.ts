/** Validates the fields of a saved model's JSON; errors give the field, its value and what was expected. */
import { FormatError } from "../../core/errors.ts";
import type { JsonValue } from "../../io/strict_json.ts";

/** A JSON object in the file. */
export type Fields = Readonly<Record<string, JsonValue>>;

/** @throws FormatError unless `value` is an object. */
export function fieldsOf(value: JsonValue | undefined, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FormatError(`model.json: ${what} is not an object`);
  return value as Fields;
}

/** @throws FormatError unless the field has this type; numbers must be finite. */
export function field<T extends "string" | "number" | "boolean">(fields: Fields, name: string, type: T, what: string) {
  const value = fields[name];
  if (typeof value !== type || (typeof value === "number" && !Number.isFinite(value))) {
    throw new FormatError(`model.json: ${what}.${name} is ${JSON.stringify(value)}; expected a ${type}`);
  }
  return value as T extends "string" ? string : T extends "number" ? number : boolean;
}

/** @throws FormatError unless `value` is a list whose items `read` accepts. */
export function listOf<T>(value: JsonValue | undefined, what: string, read: (item: JsonValue, what: string) => T): T[] {
  if (!Array.isArray(value)) throw new FormatError(`model.json: ${what} is not a list`);
  return (value as readonly JsonValue[]).map((item, index) => read(item, `${what}[${index}]`));
}

/** @throws FormatError unless `value` is a finite number. */
export function asNumber(value: JsonValue, what: string): number {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new FormatError(`model.json: ${what} is ${JSON.stringify(value)}; expected a number`);
  return value;
}

/** @throws FormatError unless `value` is a string. */
export function asText(value: JsonValue, what: string): string {
  if (typeof value !== "string")
    throw new FormatError(`model.json: ${what} is ${JSON.stringify(value)}; expected a string`);
  return value;
}
