import { ValueError } from "./errors.ts";

/** @throws ValueError unless `value` is a whole number of at least `least`. */
export function checkCount(what: string, option: string, value: number, least = 1): number {
  if (!Number.isInteger(value) || value < least) {
    throw new ValueError(`${what}: ${option} is ${value}; expected a whole number of at least ${least}`, {
      [option]: value,
    });
  }
  return value;
}
