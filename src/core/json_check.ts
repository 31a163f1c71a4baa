/** Validates JSON from untrusted files. Objects become Maps, so that no key can reach a prototype. */
import { DTypeError, type ErrorDetails, FormatError, ShapeError, ValueError } from "./errors.ts";
import { shown } from "./options.ts";

/** Any JSON value. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const MAX_NUMBERS = 2 ** 20;

/**
 * Returns the members of a JSON object as a Map; throws a FormatError for any other value.
 * @example
 * const fields = objectOf(JSON.parse(text), "tokenizer");
 * const split = textOf(fields.get("split"), "tokenizer.split");
 */
export function objectOf(value: unknown, what: string): Map<string, JsonValue> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(what, "an object", value);
  return new Map(Object.entries(value));
}

/** Checks an array of at most `maxLength` elements. @throws FormatError */
export function arrayOf(value: unknown, what: string, maxLength: number): readonly JsonValue[] {
  if (Array.isArray(value) && value.length <= maxLength) return value;
  throw wrong(what, `an array of at most ${maxLength} elements`, value);
}

/** Checks an array of counts. @throws FormatError */
export function countsOf(value: unknown, what: string, maxLength: number): number[] {
  return arrayOf(value, what, maxLength).map((element) => countOf(element, what));
}

/** Checks a whole number from 0 to `most` (default: Number.MAX_SAFE_INTEGER). @throws FormatError */
export function countOf(value: unknown, what: string, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
  const limit = most === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${most}`;
  throw wrong(what, `a whole number of at least 0${limit}`, value);
}

/** Checks a string of at least `minLength` characters. @throws FormatError */
export function textOf(value: unknown, what: string, minLength = 0): string {
  if (typeof value === "string" && value.length >= minLength) return value;
  throw wrong(what, minLength === 0 ? "text" : "a non-empty string", value);
}

/** Checks a boolean. @throws FormatError */
export function flagOf(value: unknown, what: string): boolean {
  if (typeof value === "boolean") return value;
  throw wrong(what, "true or false", value);
}

/** Checks an array of `length` finite numbers, or of at least one if no length is given. @throws FormatError */
export function numbersOf(value: unknown, what: string, length?: number): readonly number[] {
  const numbers = arrayOf(value, what, MAX_NUMBERS);
  const isNumber = (each: JsonValue): each is number => typeof each === "number" && Number.isFinite(each);
  const fits = length === undefined ? numbers.length > 0 : numbers.length === length;
  if (fits && numbers.every(isNumber)) return numbers;
  throw wrong(what, `${length ?? "at least one"} finite number(s)`, value);
}

/** Checks that a value is one of `choices`. @throws FormatError */
export function choiceOf<T extends string>(value: unknown, what: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw wrong(what, choices.map((choice) => JSON.stringify(choice)).join(" or "), value);
  return found;
}

/** Returns `undefined` for null, otherwise the result of `read`. */
export function optionalOf<T>(value: unknown, what: string, read: (value: unknown, what: string) => T): T | undefined {
  return value === null ? undefined : read(value, what);
}

/** Formats a JSON value for an error message, truncated. Nested values are not visited. */
export function show(value: unknown): string {
  return value === undefined ? "nothing" : shown(value);
}

function wrong(what: string, expected: string, value: unknown): FormatError {
  return new FormatError(`${what}: expected ${expected}, got ${show(value)}`, { what });
}

/**
 * Checks that a file has a field for every option of a table. Old files may lack those in `later`. @throws FormatError
 */
export function expectFields(
  what: string,
  fields: ReadonlyMap<string, unknown>,
  table: object,
  later: readonly string[] = [],
): void {
  const missing = Object.keys(table).find((name) => !fields.has(name) && !later.includes(name));
  if (missing !== undefined) throw new FormatError(`${what}.${missing}: expected a value, got nothing`, { what });
}

/**
 * The errors that checks of options and shapes throw, and those that JavaScript throws for values of an unexpected
 * type.
 */
const OF_CONTENT = [ValueError, ShapeError, DTypeError, TypeError, RangeError];

/**
 * Runs `work`, which builds something from a file's contents, and reports inconsistencies as errors of the file.
 * @throws FormatError instead of errors about an option, a shape or a value; other errors are rethrown unchanged.
 */
export function asFormatError<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw toFormatError(what, cause);
  }
}

/** Turns an error about an option, a shape or a value into a FormatError; returns other errors unchanged. */
export function toFormatError(what: string, cause: unknown): unknown {
  if (!OF_CONTENT.some((kind) => cause instanceof kind)) return cause;
  const { message, details = {} } = cause as Error & { readonly details?: ErrorDetails };
  return new FormatError(`${what}: ${message}`, details, { cause });
}
