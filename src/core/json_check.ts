/** Checks on the values of JSON that came from outside. Objects become Maps, so that no key can reach a prototype. */
import { DTypeError, type ErrorDetails, FormatError, ShapeError, ValueError } from "./errors.ts";

/** A value as JSON has it. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const MAX_NUMBERS = 2 ** 20;

/**
 * The members of a JSON object as a Map, or a FormatError.
 * @example
 * const fields = objectOf(JSON.parse(text), "tokenizer");
 * const split = textOf(fields.get("split"), "tokenizer.split");
 */
export function objectOf(value: unknown, what: string): Map<string, JsonValue> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(what, "an object", value);
  return new Map(Object.entries(value));
}

/** An array of at most `maxLength` elements, or a FormatError. */
export function arrayOf(value: unknown, what: string, maxLength: number): readonly JsonValue[] {
  if (Array.isArray(value) && value.length <= maxLength) return value;
  throw wrong(what, `an array of at most ${maxLength} elements`, value);
}

/** An array of counts, or a FormatError. */
export function countsOf(value: unknown, what: string, maxLength: number): number[] {
  return arrayOf(value, what, maxLength).map((element) => countOf(element, what));
}

/** A whole number from 0 to `most`, by default all that a JavaScript number holds exactly; or a FormatError. */
export function countOf(value: unknown, what: string, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
  const limit = most === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${most}`;
  throw wrong(what, `a whole number of at least 0${limit}`, value);
}

/** Text of at least `minLength` characters, or a FormatError. */
export function textOf(value: unknown, what: string, minLength = 0): string {
  if (typeof value === "string" && value.length >= minLength) return value;
  throw wrong(what, minLength === 0 ? "text" : "text that is not empty", value);
}

/** True or false, or a FormatError. */
export function flagOf(value: unknown, what: string): boolean {
  if (typeof value === "boolean") return value;
  throw wrong(what, "true or false", value);
}

/** Finite numbers, of `length` where that is given and at least one, or a FormatError. */
export function numbersOf(value: unknown, what: string, length?: number): readonly number[] {
  const numbers = arrayOf(value, what, MAX_NUMBERS);
  const isNumber = (each: JsonValue): each is number => typeof each === "number" && Number.isFinite(each);
  const fits = length === undefined ? numbers.length > 0 : numbers.length === length;
  if (fits && numbers.every(isNumber)) return numbers;
  throw wrong(what, `${length ?? "at least one"} finite number(s)`, value);
}

/** One of `choices`, or a FormatError. */
export function choiceOf<T extends string>(value: unknown, what: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw wrong(what, choices.map((choice) => JSON.stringify(choice)).join(" or "), value);
  return found;
}

/** `undefined` for null, else what `read` makes of it. */
export function optionalOf<T>(value: unknown, what: string, read: (value: unknown, what: string) => T): T | undefined {
  return value === null ? undefined : read(value, what);
}

/** A value for a message, cut short. */
export function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}

function wrong(what: string, expected: string, value: unknown): FormatError {
  return new FormatError(`${what}: expected ${expected}, got ${show(value)}`, { what });
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
    throw toFormatError(what, cause);
  }
}

/** A FormatError in place of an error that speaks of an option, a shape or a value; others as they are. */
export function toFormatError(what: string, cause: unknown): unknown {
  if (!OF_CONTENT.some((kind) => cause instanceof kind)) return cause;
  const { message, details = {} } = cause as Error & { readonly details?: ErrorDetails };
  return new FormatError(`${what}: ${message}`, details, { cause });
}
