/** Options as JavaScript gives them: no compiler has looked at their names. */
import { ValueError } from "./errors.ts";
import { plainName } from "./named.ts";

/** The names of an interface's options; the compiler asks for each of them, and refuses others. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/**
 * @param known has a member for every option that there is.
 * @throws ValueError for another option, with the known name that was probably meant.
 */
export function expectOptions(what: string, given: object, known: object): void {
  for (const [option, value] of Object.entries(given)) {
    if (Object.hasOwn(known, option) || value === undefined) continue;
    const names = Object.keys(known);
    const meant = names.find((name) => isAlike(name, option));
    throw new ValueError(
      `${what}: unknown option "${option}"; ` +
        `${meant === undefined ? `expected some of ${names.join(", ")}` : `did you mean ${meant}?`}`,
      { option },
    );
  }
}

/** `batchSize` and `batch_size`, `epochs` and `epoch`. */
function isAlike(name: string, given: string): boolean {
  const [a, b] = [plainName(name), plainName(given)];
  return a === b || `${b}s` === a || b === `${a}s`;
}

/** True for an object with this method: what an option takes ready made, beside its name or its options as data. */
export function hasMethod(given: unknown, method: string): boolean {
  return isObject(given) && typeof given[method] === "function";
}

function isObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === "object" && given !== null;
}

/**
 * What is asked for by name: `"l2"` as `{ name: "l2" }`; an object with a name as it is. `key` is what the name is
 * called there.
 * @throws ValueError for anything else.
 */
export function asNamed<Key extends string, T extends Readonly<Record<Key, string>>>(
  what: string,
  given: unknown,
  key: Key,
): T {
  if (typeof given === "string") return { [key]: given } as T;
  if (isObject(given) && typeof given[key] === "string") return given as T;
  throw new ValueError(`the ${what} is ${shown(given)}; expected a name, or what a function of Sluice made`, { given });
}

/** Texts are cut to so many characters. */
const LONGEST = 80;

/** A value in an error's text: strings in quotes, so that "4" is not taken for 4. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
  if (typeof value === "function") return "a function";
  if (!isObject(value)) return String(value);
  if (Array.isArray(value)) return "an array";
  const name = value.constructor?.name ?? "Object";
  return name === "Object" ? "an object" : `a value of class ${name}`;
}
