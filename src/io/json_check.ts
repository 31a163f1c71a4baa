/** Small checks on the values of JSON that came from outside. */
import { DTypeError, type ErrorDetails, FormatError, ShapeError, ValueError } from "../core/errors.ts";
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

/** What checks of options and shapes throw, and what JavaScript does for a value of a kind that nobody expected. */
const OF_CONTENT = [ValueError, ShapeError, DTypeError, TypeError, RangeError];

/**
 * Builds something of what a file says: what does not fit together in it is the file's fault.
 * @throws FormatError in place of errors that speak of an option, a shape or a value; others pass as they are.
 */
export function asFormatError<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!OF_CONTENT.some((kind) => cause instanceof kind)) throw cause;
    const { message, details = {} } = cause as Error & { readonly details?: ErrorDetails };
    throw new FormatError(`${what}: ${message}`, details, { cause });
  }
}
