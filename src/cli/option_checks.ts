/** Checks on the values of options. No runtime's own modules here: saved options are read by them too. */
import { FormatError } from "../core/errors.ts";
import { UsageError } from "./usage_error.ts";

/** `batchSize` as the option is typed: `--batch-size`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Sees that an option is a whole number of at least `least`.
 * @throws UsageError naming the option, what it is and what it should be.
 */
export function checkWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least && value < 2 ** 31) return;
  throw new UsageError(`${flagOf(name)} is ${value}; expected a whole number of at least ${least}`);
}

/**
 * Sees that an option is a number that `accepts` takes.
 * @throws UsageError naming the option, what it is and what it should be.
 */
export function checkRange(name: string, value: number, accepts: (value: number) => boolean, expected: string): void {
  if (Number.isFinite(value) && accepts(value)) return;
  throw new UsageError(`${flagOf(name)} is ${value}; expected a number ${expected}`);
}

/** Sees that an option is a share that can be dropped. @throws UsageError when it is not. */
export function checkDropout(value: number): void {
  checkRange("dropout", value, (rate) => rate >= 0 && rate < 1, "from 0 up to, but not including, 1");
}

/**
 * The numbers of saved options; those of `optional` may be missing.
 * @throws FormatError naming the one that is no number.
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
