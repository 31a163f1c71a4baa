/** Small checks on the values of JSON that came from outside. */
import { FormatError } from "../core/errors.ts";
import type { JsonValue } from "./strict_json.ts";

/** The members of a JSON object as a Map, or a FormatError. */
export function objectOf(value: JsonValue | undefined, what: string): Map<string, JsonValue> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(`${what}: expected an object, got ${show(value)}`);
  }
  return new Map(Object.entries(value));
}

/** An array of whole numbers, each at least 0 and exactly held by a JavaScript number, or a FormatError. */
export function countsOf(value: JsonValue | undefined, what: string, maxLength: number): number[] {
  if (!Array.isArray(value) || value.length > maxLength) {
    throw new FormatError(`${what}: expected an array of at most ${maxLength} whole numbers, got ${show(value)}`);
  }
  return value.map((element) => countOf(element, what));
}

/** A whole number of at least 0, or a FormatError. */
export function countOf(value: JsonValue | undefined, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new FormatError(`${what}: expected a whole number of at least 0, got ${show(value)}`);
}

/** Text, or a FormatError. */
export function textOf(value: JsonValue | undefined, what: string): string {
  if (typeof value === "string") return value;
  throw new FormatError(`${what}: expected text, got ${show(value)}`);
}

/** A value for a message, cut short. */
export function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}
