/** Validates option objects, because JavaScript callers have no compiler that checks the names. */
import { ValueError } from "./errors.ts";
import { plainName } from "./named.ts";

/** The names of an interface's options. The compiler requires every name and rejects others. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/**
 * @param table an object with a member for each known option
 * @throws ValueError for an unknown option; it suggests the closest known name.
 */
export function expectOptions(what: string, given: object, table: object): void {
  for (const [option, value] of Object.entries(given)) {
    if (Object.hasOwn(table, option) || value === undefined) continue;
    const names = Object.keys(table);
    const meant = names.find((name) => isAlike(name, option));
    const known = names.length === 0 ? "it takes none" : `expected some of ${names.join(", ")}`;
    throw new ValueError(
      `${what}: unknown option "${option}"; ${meant === undefined ? known : `did you mean ${meant}?`}`,
      { option },
    );
  }
}

/** True for variants of a name: `batchSize` and `batch_size`, `epochs` and `epoch`. */
function isAlike(name: string, given: string): boolean {
  const [a, b] = [plainName(name), plainName(given)];
  return a === b || `${b}s` === a || b === `${a}s`;
}

/**
 * True for an object with this method, and with the `config` that a saved model keeps of it: an option accepts an
 * instance as well as a name or a config.
 * @throws ValueError for an object with the method but without the `config`.
 */
export function isMade(what: string, given: unknown, method: string, key = "name"): boolean {
  if (!isObject(given) || typeof given[method] !== "function") return false;
  if (isObject(given.config) && typeof given.config[key] === "string") return true;
  throw new ValueError(
    `the ${what} has ${method}() but no config; expected config: { ${key}: "…" } beside it, which is what a saved ` +
      "model keeps",
    { given },
  );
}

function isObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === "object" && given !== null;
}

/**
 * Normalizes an option that is given by name: `"l2"` becomes `{ name: "l2" }`, and an object that has a name is
 * copied. `key` is the property that holds the name.
 * @throws ValueError for anything else.
 */
export function asNamed<Key extends string, T extends Readonly<Record<Key, string>>>(
  what: string,
  given: unknown,
  key: Key,
): T {
  if (typeof given === "string") return { [key]: given } as T;
  // A copy: a getter cannot give another name later.
  const copy = isObject(given) ? { ...given } : {};
  if (typeof copy[key] === "string") return copy as T;
  throw new ValueError(
    `the ${what} is ${shown(given)}; expected a name, or an object that one of Sluice's functions returned`,
    { given },
  );
}

/** The most characters of a text that a message shows. */
const LONGEST = 80;

/** Longer arrays are not shown. */
const MOST_SHOWN = 8;

const listed = (list: readonly unknown[]) => `[${Array.from(list, shown).join(", ")}]`;

/** A value as text for an error message; strings are quoted, to tell "4" from 4. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
  if (typeof value === "function") return "a function";
  if (!isObject(value)) return String(value);
  if (Array.isArray(value)) return value.length <= MOST_SHOWN && !value.some(isObject) ? listed(value) : "an array";
  const name = value.constructor?.name ?? "Object";
  return name === "Object" ? "an object" : `a value of class ${name}`;
}
