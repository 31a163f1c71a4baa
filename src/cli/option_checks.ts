/** Checks the values of options. Browsers load this file too, so it imports no Node modules. */
import { FormatError } from "../core/errors.ts";
import { UsageError } from "./usage_error.ts";

/** `batchSize` as a command-line option, `--batch-size`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Checks that an option is a whole number of at least `least`.
 * @throws UsageError that names the option, its value and the expected value.
 */
export function checkWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least && value < 2 ** 31) return;
  throw new UsageError(`${flagOf(name)} is ${value}; expected a whole number of at least ${least}`);
}

/**
 * Checks that `accepts` returns true for an option's value.
 * @throws UsageError that names the option, its value and the expected value.
 */
export function checkRange(name: string, value: number, accepts: (value: number) => boolean, expected: string): void {
  if (Number.isFinite(value) && accepts(value)) return;
  throw new UsageError(`${flagOf(name)} is ${value}; expected a number ${expected}`);
}

/** Checks that an option is a valid dropout rate. @throws UsageError when it is not. */
export function checkDropout(value: number): void {
  checkRange("dropout", value, (rate) => rate >= 0 && rate < 1, "from 0 up to, but not including, 1");
}

/**
 * Reads numbers from saved options; those in `optional` may be missing.
 * @throws FormatError that names the option that is not a number.
 */
export function savedNumbers<Name extends string>(
  options: ReadonlyMap<string, unknown>,
  path: string,
  names: readonly Name[],
  optional: readonly Name[],
): Partial<Record<Name, number>> {
  const numbers: Partial<Record<Name, number>> = {};
  for (const name of [...names, ...optional]) {
    const value = options.get(name);
    if (typeof value === "number") numbers[name] = value;
    else if (value !== undefined || !optional.includes(name))
      throw new FormatError(`${path}: options.${name} is not a number; the file is damaged`);
  }
  return numbers;
}
