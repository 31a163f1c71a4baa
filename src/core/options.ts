/** Options that are given by name or as an object, and formatting of values for error messages. */
import { ValueError } from "./errors.ts";

/**
 * True for an object that has the method, such as a custom initializer, and the `config` that a saved model stores.
 * Such options accept an object as well as a name or a config.
 * @throws ValueError for an object with the method but without `config`.
 */
export function isMade(what: string, given: unknown, method: string, key = "name"): boolean {
  if (!isObject(given) || typeof given[method] !== "function") return false;
  if (isObject(given.config) && typeof given.config[key] === "string") return true;
  throw new ValueError(
    `the ${what} has ${method}() but no config; expected config: { ${key}: "…" } beside it, which a saved ` +
      "model stores",
    { given },
  );
}

function isObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === "object" && given !== null;
}

/**
 * Normalizes an option that is given by name: `"l2"` becomes `{ name: "l2" }`; an object with a name is copied. `key`
 * is the property that holds the name.
 * @throws ValueError for anything else.
 */
export function asNamed<Key extends string, T extends Readonly<Record<Key, string>>>(
  what: string,
  given: unknown,
  key: Key,
): T {
  if (typeof given === "string") return { [key]: given } as T;
  // Copied, so that a getter cannot return another name later.
  const copy = isObject(given) ? { ...given } : {};
  if (typeof copy[key] === "string") return copy as T;
  throw new ValueError(
    `the ${what} is ${shown(given)}; expected a name, or an object that one of Sluice's functions returned`,
    { given },
  );
}

/** The most characters of a string that a message shows. */
const LONGEST = 80;

/** Arrays with more elements are not shown. */
const MOST_SHOWN = 8;

const listed = (list: readonly unknown[]) => `[${Array.from(list, shown).join(", ")}]`;

/** Formats a value for an error message. Strings are quoted, to distinguish "4" from 4. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
  if (typeof value === "function") return "a function";
  if (!isObject(value)) return typeof value === "bigint" ? `${value}n` : String(value);
  if (Array.isArray(value)) return value.length <= MOST_SHOWN && !value.some(isObject) ? listed(value) : "an array";
  const ofClass = value.constructor;
  const name = typeof ofClass === "function" ? ofClass.name : "";
  return name === "" || name === "Object" ? "an object" : `a value of class ${name}`;
}

/** What an option for a signal expects. */
export const EXPECTED_SIGNAL = "an AbortSignal: new AbortController().signal";

/** True for the signal of an AbortController, whichever realm or library it is from. */
export const isAbortSignal = (given: unknown): given is AbortSignal =>
  isObject(given) && typeof given.aborted === "boolean" && typeof given.addEventListener === "function";

/** For each option what is expected, and whether a value fits. */
export type FewOptions<T> = {
  readonly [Name in keyof T]-?: readonly [expected: string, fits: (value: unknown) => boolean];
};

/**
 * Reads the few options of a page that only predicts. The tables of `option_table.ts`, which say more of what was
 * meant, would be a tenth of that page.
 * @param what the call as its users write it, with a place for the options: "predict(x, options)"
 * @throws ValueError for anything that is not an object with these options.
 */
export function readFew<T extends object>(what: string, kinds: FewOptions<T>, given: T): T {
  const label = what.replace(/\(.*/, "");
  const names = Object.keys(kinds).join(", ");
  if (!isObject(given) || Array.isArray(given)) {
    throw new ValueError(`${label}: got ${shown(given)}; expected options: ${what.replace("options", `{ ${names} }`)}`);
  }
  // A copy: a getter cannot give another value later.
  const read = { ...given };
  for (const [name, value] of Object.entries(read)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name as keyof T] : undefined;
    if (kind === undefined) throw new ValueError(`${label}: unknown option ${shown(name)}; expected some of ${names}`);
    const [expected, fits] = kind;
    if (value !== undefined && !fits(value))
      throw new ValueError(`${label}: ${name} is ${shown(value)}; expected ${expected}`);
  }
  return read;
}
