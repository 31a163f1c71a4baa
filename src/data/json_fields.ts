/** Checks on JSON that was read from outside. Objects become Maps, so that no key can reach a prototype. */
import { FormatError } from "../core/errors.ts";

const MAX_NUMBERS = 2 ** 20;

/**
 * The fields of a JSON object.
 * @throws FormatError when `value` is something else.
 *
 * @example
 * const fields = asObject(JSON.parse(text), "tokenizer");
 * const split = asString(fields.get("split"), "tokenizer.split");
 */
export function asObject(value: unknown, what: string): ReadonlyMap<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(what, "an object", value);
  return new Map(Object.entries(value));
}

/** A JSON array of at most `maxLength` elements, or a FormatError. */
export function asArray(value: unknown, what: string, maxLength: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(what, "an array", value);
  if (value.length > maxLength) throw wrong(what, `at most ${maxLength} elements`, value.length);
  return value;
}

/** Text of at least `minLength` characters, or a FormatError. */
export function asString(value: unknown, what: string, minLength = 0): string {
  if (typeof value !== "string") throw wrong(what, "text", value);
  if (value.length < minLength) throw wrong(what, "text that is not empty", value);
  return value;
}

/** A whole number in [0, 2^31), or a FormatError. */
export function asCount(value: unknown, what: string): number {
  const isCount = typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 31;
  if (!isCount) throw wrong(what, "a whole number of at least 0", value);
  return value;
}

/** A finite number, or a FormatError. */
export function asNumber(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(what, "a finite number", value);
  return value;
}

/** An array of finite numbers, of `length` where that is given and at least one, or a FormatError. */
export function asNumbers(value: unknown, what: string, length?: number): readonly number[] {
  const numbers = asArray(value, what, MAX_NUMBERS).map((each) => asNumber(each, what));
  if (numbers.length === 0 || (length !== undefined && numbers.length !== length))
    throw wrong(what, `${length ?? "at least one"} number(s)`, value);
  return numbers;
}

/** True or false, or a FormatError. */
export function asBoolean(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") throw wrong(what, "true or false", value);
  return value;
}

/** One of `choices`, or a FormatError. */
export function asChoice<T extends string>(value: unknown, what: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw wrong(what, choices.map((choice) => JSON.stringify(choice)).join(" or "), value);
  return found;
}

/** `undefined` for null, else what `read` makes of it. */
export function asOptional<T>(value: unknown, what: string, read: (value: unknown, what: string) => T): T | undefined {
  return value === null ? undefined : read(value, what);
}

function wrong(what: string, expected: string, value: unknown): FormatError {
  const shown = (JSON.stringify(value) ?? "nothing").slice(0, 80);
  return new FormatError(`${what}: expected ${expected}, got ${shown}; the file is damaged or not from Sluice`, {
    what,
  });
}
