/**
 * Tables of options: the kind and the default of each one. All options are checked against their table, whether a
 * caller gave them or a saved model holds them, so a value that was accepted once is accepted again.
 */
import { ValueError } from "./errors.ts";
import { type Flaw, float32Flaw } from "./float32_check.ts";
import { plainName } from "./named.ts";
import { EXPECTED_SIGNAL, isAbortSignal, shown } from "./options.ts";

/** A kind of value. */
export interface OptionKind<T> {
  /** A description for error messages, such as "true or false". */
  readonly expected: string;
  /** Returns the normalized value, or undefined if it is invalid. @throws ValueError when there is more to say. */
  readonly read: (value: unknown) => T | undefined;
  /** Why a value is invalid, if `expected` does not explain it. */
  readonly flaw?: (value: unknown) => Flaw | undefined;
}

/** One option: its kind, its default, and the value that null stands for. */
export interface Option<T> extends OptionKind<T> {
  readonly isRequired: boolean;
  /** The default. */
  readonly absent: T | undefined;
  /** The value that null stands for; the default if this is undefined. */
  readonly none?: T;
}

/** A table of options by name. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** A table with a row for each option of an interface: the compiler requires every name and rejects others. */
export type TableOf<T> = { readonly [Name in keyof T]-?: Option<unknown> };

/** The options of a table, checked and completed. */
export type OptionsOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer T> ? T : never;
};

/* @__NO_SIDE_EFFECTS__ */
function option<T>(kind: OptionKind<unknown>, absent: T | undefined, none = absent, isRequired = false) {
  return { ...kind, isRequired, absent, none } as Option<T>;
}

/** Declares an option that must be given. */
/* @__NO_SIDE_EFFECTS__ */
export function required<T>(kind: OptionKind<T>): Option<T> {
  return option<T>(kind, undefined, undefined, true);
}

/** Declares an option with a default; null means the default too. */
/* @__NO_SIDE_EFFECTS__ */
export function withDefault<T>(kind: OptionKind<T>, absent: NoInfer<T>): Option<T> {
  return option<T>(kind, absent);
}

/** Declares an option with a default for which null has another meaning. */
/* @__NO_SIDE_EFFECTS__ */
export function withNone<T, None>(kind: OptionKind<T>, absent: NoInfer<T>, none: None): Option<T | None> {
  return option<T | None>(kind, absent, none);
}

/** Declares an option whose default is null, as in Keras's configs. */
/* @__NO_SIDE_EFFECTS__ */
export function optional<T>(kind: OptionKind<T>): Option<T | null> {
  return option<T | null>(kind, null);
}

/** Declares an option whose default is undefined. */
/* @__NO_SIDE_EFFECTS__ */
export function ifGiven<T>(kind: OptionKind<T>): Option<T | undefined> {
  return option<T | undefined>(kind, undefined);
}

/**
 * Checks options against a table and fills in the defaults. Each property is read once, so a getter cannot return
 * another value after the check.
 * @param what the owner of the options, as users write it: "dense", or "predict(x)" if other arguments come first
 * @throws ValueError for an option that is unknown, missing or of another kind. If `given` is not an object of options,
 * the message shows the correct form.
 * @example
 * const DENSE = { units: required(positive), useBias: withDefault(flag, true) };
 * const { units, useBias } = readOptions("dense", DENSE, { units: 32 });
 */
export function readOptions<Table extends OptionTable>(what: string, table: Table, given: unknown): OptionsOf<Table> {
  expectObject(what, table, given);
  for (const [option, value] of Object.entries(given)) {
    if (!Object.hasOwn(table, option) && value !== undefined) refuseUnknown(what, option, Object.keys(table));
  }
  return readSome(what, table, given);
}

/** Rejects an unknown name. @throws ValueError that suggests the nearest of `names`, or lists all of them. */
export function refuseUnknown(what: string, option: string, names: readonly string[]): never {
  const meant = nearest(names, option);
  const known = names.length === 0 ? "it takes none" : `expected some of ${names.join(", ")}`;
  const instead = option === "verbose" ? "give callbacks: [progress()]" : meant && `did you mean ${meant}?`;
  throw new ValueError(`${labelOf(what)}: unknown option ${shown(option)}; ${instead ?? known}`, { option });
}

const labelOf = (what: string) => what.replace(/\(.*/, "");

/** Finds the intended name: in another spelling (`batch_size`), with a typo, or abbreviated to its initials (`lr`). */
function nearest(names: readonly string[], given: string): string | undefined {
  const likeness = (name: string) => {
    const [known, asked] = [plainName(name), plainName(given)];
    const shared = Array.from(
      asked,
      (letter, at) => +known.includes(letter) + +known.includes(asked.slice(at, at + 2)),
    );
    return shared.reduce((sum, each) => sum + each, 0) / (2 * Math.max(known.length, asked.length));
  };
  const [best = ""] = names.toSorted((a, b) => likeness(b) - likeness(a));
  return likeness(best) > 0.6 ? best : names.find((name) => name.replace(/(?!^)[a-z]/g, "").toLowerCase() === given);
}

/** @throws ValueError unless `given` is an object of options. The message shows the correct form. */
function expectObject(what: string, table: OptionTable, given: unknown): asserts given is object {
  if (isPlain(given)) return;
  const names = Object.keys(table);
  const meant = names.find((name) => accepts(table[name], given)) ?? names[0];
  const parts = names.flatMap((name) => {
    if (name === meant) return `${name}: ${typeof given === "object" || given === undefined ? "…" : shown(given)}`;
    return table[name]?.isRequired ? `${name}: …` : [];
  });
  const call = what.endsWith(")") ? `${what.slice(0, -1)}, ` : `${what}(`;
  const form = meant === undefined ? "no options" : `options, as in ${call}{ ${parts.join(", ")} })`;
  throw new ValueError(`${labelOf(what)}: got ${shown(given)}; expected ${form}`, { given });
}

/** True for an object that is not an instance of a class, in any realm. */
function isPlain(given: unknown): given is object {
  if (typeof given !== "object" || given === null) return false;
  const above: unknown = Object.getPrototypeOf(given);
  return above === null || (Object.getPrototypeOf(above) === null && !Array.isArray(given));
}

function accepts(option: Option<unknown> | undefined, value: unknown): boolean {
  try {
    return option?.read(value) !== undefined;
  } catch {
    return false;
  }
}

/** Wraps a function that takes no options so that it rejects any, for a table of such functions by name. */
/* @__NO_SIDE_EFFECTS__ */
export function withoutOptions<T>(what: string, make: () => T): (options: object) => T {
  return (options) => {
    readOptions(what, {}, options);
    return make();
  };
}

/** Like `readOptions`, but ignores unknown options. */
export function readSome<Table extends OptionTable>(what: string, table: Table, given: unknown): OptionsOf<Table> {
  expectObject(what, table, given);
  const options = given as Readonly<Record<string, unknown>>;
  const label = labelOf(what);
  const read = Object.fromEntries(
    Object.entries(table).map(([name, option]) => [name, readOption(label, name, option, options[name])]),
  );
  READ.add(read);
  return read as OptionsOf<Table>;
}

const READ = new WeakSet<object>();

/** True for options that a table has checked: they contain no unknown names. */
export function isRead(options: object): boolean {
  return READ.has(options);
}

function readOption<T>(what: string, name: string, option: Option<T>, value: unknown): T | undefined {
  const isAbsent = value === undefined || value === null;
  if (isAbsent && !option.isRequired) return value === null ? option.none : option.absent;
  return isAbsent ? refuse(what, name, option, value) : readValue(what, name, option, value);
}

/** Checks a single value that is not part of a table. @throws ValueError when it is of another kind. */
export function readValue<T>(what: string, name: string, kind: OptionKind<T>, value: unknown): T {
  return kind.read(value) ?? refuse(what, name, kind, value);
}

const NO_FLAW: Flaw = { why: "", limit: "" };

function refuse(what: string, name: string, { expected, flaw }: OptionKind<unknown>, value: unknown): never {
  const { why, limit } = flaw?.(value) ?? NO_FLAW;
  throw new ValueError(
    `${what}: ${name} is ${value === undefined ? "missing" : shown(value)}${why}; expected ${expected}${limit}`,
    { option: name, value },
  );
}

/* @__NO_SIDE_EFFECTS__ */
function kind<T>(expected: string, read: (value: unknown) => T | undefined): OptionKind<T> {
  return { expected, read };
}

/** true or false; 0 and 1 are rejected. */
export const flag = kind("true or false", (value) => (typeof value === "boolean" ? value : undefined));

/** A string. */
export const text = kind("text", (value) => (typeof value === "string" ? value : undefined));

/** Numbers that satisfy `fits`. −0 becomes 0, because JSON does not preserve it. */
/* @__NO_SIDE_EFFECTS__ */
function numbers(expected: string, fits: (value: number) => boolean): OptionKind<number> {
  return kind(expected, (value) => (typeof value === "number" && fits(value) ? value + 0 : undefined));
}

/** Finite numbers that satisfy `fits` and are in the range of float32: in kernels 1e39 is infinite and 1e-46 is 0. */
/* @__NO_SIDE_EFFECTS__ */
export function float32(expected: string, fits: (value: number) => boolean): OptionKind<number> {
  const isHeld = (value: number) => Number.isFinite(value) && float32Flaw(value) === undefined && fits(value);
  return { ...numbers(expected, isHeld), flaw: float32Flaw };
}

/** A finite number. */
export const finite = float32("a finite number", () => true);
/** A finite number of at least 0. */
export const nonNegative = float32("a finite number ≥ 0", (value) => value >= 0);
/** A finite number above 0. */
export const aboveZero = float32("a finite number above 0", (value) => value > 0);
/** A number from 0 to 1, both included. */
export const share = float32("a number from 0 to 1", (value) => value >= 0 && value <= 1);
/** A number from 0 to 1, without 1: a dropout rate, or a decay whose bias correction divides by 1 − decay^t. */
export const rate = float32("0 ≤ number < 1", (value) => value >= 0 && value < 1);
/** A whole number. */
export const integer = numbers("a whole number", Number.isSafeInteger);
/** A whole number of at least 0. */
export const count = numbers("a whole number of at least 0", (value) => Number.isSafeInteger(value) && value >= 0);
/** A whole number of at least 1. */
export const positive = numbers("a whole number of at least 1", (value) => Number.isSafeInteger(value) && value >= 1);

/** Any number, including NaN. */
export const number = numbers("a number", () => true);
/** A whole number that fits into 32 bits. */
export const int32 = numbers("a whole number of 32 bits", (value) => (value | 0) === value);
/** A whole number of at least 0 that fits into 32 bits, such as an id. */
export const id = numbers("a whole number of at least 0, below 2³¹", (value) => (value | 0) === value && value >= 0);
/** A whole number of at least 1 that fits into 32 bits. */
export const size = numbers("a whole number of at least 1, below 2³¹", (value) => (value | 0) === value && value > 0);
/** A number between 0 and 1, both excluded. */
export const fraction = numbers("a number above 0 and below 1", (value) => value > 0 && value < 1);

/** One of some names; `spell` normalizes other spellings. */
/* @__NO_SIDE_EFFECTS__ */
export function oneOf<const T extends string>(
  names: readonly T[],
  spell: (given: string) => string = (given) => given,
): OptionKind<T> {
  const expected = `one of ${names.join(", ")}`;
  return kind(expected, (value) =>
    typeof value === "string" ? names.find((name) => name === value || name === spell(value)) : undefined,
  );
}

/** A list whose elements are of one kind; of `length` elements if given. */
/* @__NO_SIDE_EFFECTS__ */
export function listOf<T>({ expected, read, flaw }: OptionKind<T>, length?: number): OptionKind<readonly T[]> {
  const list = kind(`a list${length === undefined ? "" : ` of ${length}`}, each ${expected}`, (value) => {
    if (!Array.isArray(value) || (length !== undefined && value.length !== length)) return undefined;
    const elements: T[] = [];
    // Not `map`, which would skip holes.
    for (const element of value) {
      const one = read(element);
      if (one === undefined) return undefined;
      elements.push(one);
    }
    return elements;
  });
  const firstFlaw = (value: unknown): Flaw | undefined => {
    const index = Array.isArray(value) ? value.findIndex((element) => read(element) === undefined) : -1;
    if (!Array.isArray(value) || index < 0) return undefined;
    const { why, limit } = flaw?.(value[index]) ?? NO_FLAW;
    return { why: `, where [${index}] is ${shown(value[index])}${why}`, limit };
  };
  return { ...list, flaw: firstFlaw };
}

/** A value of either kind. */
/* @__NO_SIDE_EFFECTS__ */
export function either<A, B>(first: OptionKind<A>, second: OptionKind<B>): OptionKind<A | B> {
  return kind<A | B>(`${first.expected}, or ${second.expected}`, (value) => first.read(value) ?? second.read(value));
}

/** A value that `resolve` converts; it throws a ValueError for values that it does not accept. */
/* @__NO_SIDE_EFFECTS__ */
export function resolvedBy<Given, T>(expected: string, resolve: (given: Given) => T): OptionKind<NonNullable<T>> {
  return kind(expected, (value) => resolve(value as Given) ?? undefined);
}

/** An instance of the class or of a subclass. */
/* @__NO_SIDE_EFFECTS__ */
export function instanceOf<T>(expected: string, ofClass: abstract new (...given: never[]) => T): OptionKind<T> {
  return kind(expected, (value) => (value instanceof ofClass ? value : undefined));
}

/** A function. Only its TypeScript type describes the arguments. */
/* @__NO_SIDE_EFFECTS__ */
export function functionLike<T>(form: string): OptionKind<NonNullable<T>> {
  return resolvedBy(`a function: ${form}`, (given: T) => (typeof given === "function" ? given : undefined));
}

/** A value that is checked when it is used, such as data. */
/* @__NO_SIDE_EFFECTS__ */
export function checkedLater<T>(expected: string): OptionKind<NonNullable<T>> {
  return resolvedBy(expected, (given: T) => given);
}

/** An AbortSignal from any realm or library. */
export const signal = resolvedBy(EXPECTED_SIGNAL, (given: unknown) => (isAbortSignal(given) ? given : undefined));

/** Nested options. @param what the name in error messages: "requestDevice: tune" */
/* @__NO_SIDE_EFFECTS__ */
export function optionsOf<Table extends OptionTable>(what: string, table: Table): OptionKind<OptionsOf<Table>> {
  return kind("options", (given) => readOptions(what, table, given));
}

/** An object of which only some members are checked. */
/* @__NO_SIDE_EFFECTS__ */
export function recordOf<Table extends OptionTable>(what: string, table: Table): OptionKind<OptionsOf<Table>> {
  return kind("an object", (given) => readSome(what, table, given));
}

/** Whole numbers from 1 to `most`. */
/* @__NO_SIDE_EFFECTS__ */
export function upTo(most: number): OptionKind<number> {
  const fits = (value: number) => Number.isSafeInteger(value) && value >= 1 && value <= most;
  return numbers(`a whole number from 1 to ${most}`, fits);
}

/** A number of seconds, which may be infinite. */
export const duration = numbers("a number of seconds ≥ 0", (value) => value >= 0);
/** A number of bytes, which may be infinite. */
export const bytes = numbers("a number of bytes above 0", (value) => value > 0);

/** Strings in a list or in another iterable. */
export const texts = kind("texts: a list of strings", (value): Iterable<string> | undefined =>
  typeof value === "object" && value !== null && typeof Reflect.get(value, Symbol.iterator) === "function"
    ? (value as Iterable<string>)
    : undefined,
);
