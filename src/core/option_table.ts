/**
 * Options as a table: for each name what it takes, and what counts where it is left out. All options are read through
 * their table, whether a caller wrote them or a saved model holds them: so what was accepted once is accepted again.
 */
import { ValueError } from "./errors.ts";
import { type Flaw, float32Flaw } from "./float32_check.ts";
import { plainName } from "./named.ts";
import { shown } from "./options.ts";

/** A kind of values. */
export interface OptionKind<T> {
  /** For messages, such as "true or false". */
  readonly expected: string;
  /** The value as it is kept; undefined where it does not fit. @throws ValueError where there is more to say. */
  readonly read: (value: unknown) => T | undefined;
  /** What is wrong with a value that does not fit, where `expected` does not say enough. */
  readonly flaw?: (value: unknown) => Flaw | undefined;
}

/** One option: its kind, and what counts where it is absent or null. */
export interface Option<T> extends OptionKind<T> {
  readonly isRequired: boolean;
  /** What counts where the option is undefined. */
  readonly absent: T | undefined;
  /** What counts where it is null; the same when absent. */
  readonly none?: T;
}

/** Every option of something, by name. */
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

/** An option that must be given. */
/* @__NO_SIDE_EFFECTS__ */
export function required<T>(kind: OptionKind<T>): Option<T> {
  return option<T>(kind, undefined, undefined, true);
}

/** An option with a default, which null stands for too. */
/* @__NO_SIDE_EFFECTS__ */
export function withDefault<T>(kind: OptionKind<T>, absent: NoInfer<T>): Option<T> {
  return option<T>(kind, absent);
}

/** An option with a default, whose null means something else. */
/* @__NO_SIDE_EFFECTS__ */
export function withNone<T, None>(kind: OptionKind<T>, absent: NoInfer<T>, none: None): Option<T | None> {
  return option<T | None>(kind, absent, none);
}

/** An option that may be left out: null then, as in Keras's own configs. */
/* @__NO_SIDE_EFFECTS__ */
export function optional<T>(kind: OptionKind<T>): Option<T | null> {
  return option<T | null>(kind, null);
}

/** An option that may be left out: undefined then. */
/* @__NO_SIDE_EFFECTS__ */
export function ifGiven<T>(kind: OptionKind<T>): Option<T | undefined> {
  return option<T | undefined>(kind, undefined);
}

/**
 * Reads options, each once: a getter cannot give one value to the check and another to what follows.
 * @param what whose options they are, as its users write it: "dense", or "predict(x)" where other arguments come first
 * @throws ValueError for an option that is unknown, missing, or of another kind; for what is no object of options it
 * shows the right form.
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

/** @throws ValueError for a name that is none of `names`: with the one that was likely meant, or with all. */
export function refuseUnknown(what: string, option: string, names: readonly string[]): never {
  const meant = nearest(names, option);
  const known = names.length === 0 ? "it takes none" : `expected some of ${names.join(", ")}`;
  const instead = option === "verbose" ? "give callbacks: [progress()]" : meant && `did you mean ${meant}?`;
  throw new ValueError(`${labelOf(what)}: unknown option ${shown(option)}; ${instead ?? known}`, { option });
}

const labelOf = (what: string) => what.replace(/\(.*/, "");

/** The name that was meant: in another spelling (`batch_size`), with a typo, or by its initials (`lr`). */
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

/** @throws ValueError for what holds no options: it shows the right form, with the option that was likely meant. */
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

/** True for an object of no class, of whatever realm. */
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

/** A maker that takes no options, for a table of makers by name: given some, it says so. */
/* @__NO_SIDE_EFFECTS__ */
export function withoutOptions<T>(what: string, make: () => T): (options: object) => T {
  return (options) => {
    readOptions(what, {}, options);
    return make();
  };
}

/** As `readOptions`, for who knows some of the options only. */
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

/** True for what a table has read: it holds no option that is unknown. */
export function isRead(options: object): boolean {
  return READ.has(options);
}

function readOption<T>(what: string, name: string, option: Option<T>, value: unknown): T | undefined {
  const isAbsent = value === undefined || value === null;
  if (isAbsent && !option.isRequired) return value === null ? option.none : option.absent;
  return isAbsent ? refuse(what, name, option, value) : readValue(what, name, option, value);
}

/** Reads one value that is not part of a table. @throws ValueError when it is of another kind. */
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

/** True or false: 0 and 1 are not. */
export const flag = kind("true or false", (value) => (typeof value === "boolean" ? value : undefined));

/** Text. */
export const text = kind("text", (value) => (typeof value === "string" ? value : undefined));

/** Numbers that fit. −0 is kept as 0: JSON makes that of it. */
/* @__NO_SIDE_EFFECTS__ */
function numbers(expected: string, fits: (value: number) => boolean): OptionKind<number> {
  return kind(expected, (value) => (typeof value === "number" && fits(value) ? value + 0 : undefined));
}

/** Finite numbers that fit, and that float32 holds: for kernels 1e39 is infinite and 1e-46 is 0. */
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
/** From 0 to 1, both included. */
export const share = float32("a number from 0 to 1", (value) => value >= 0 && value <= 1);
/** From 0 to 1, but not 1: a share that is dropped, or a decay whose bias is corrected by dividing by 1 − decay^t. */
export const rate = float32("0 ≤ number < 1", (value) => value >= 0 && value < 1);
/** A whole number. */
export const integer = numbers("a whole number", Number.isSafeInteger);
/** A whole number of at least 0. */
export const count = numbers("a whole number of at least 0", (value) => Number.isSafeInteger(value) && value >= 0);
/** A whole number of at least 1. */
export const positive = numbers("a whole number of at least 1", (value) => Number.isSafeInteger(value) && value >= 1);

/** Any number, NaN too. */
export const number = numbers("a number", () => true);
/** A number that fits into 32 bits, as ids do. */
export const int32 = numbers("a whole number of 32 bits", (value) => (value | 0) === value);
/** A whole number of at least 0, of 32 bits. */
export const id = numbers("a whole number of at least 0, below 2³¹", (value) => (value | 0) === value && value >= 0);
/** A whole number of at least 1, of 32 bits. */
export const size = numbers("a whole number of at least 1, below 2³¹", (value) => (value | 0) === value && value > 0);
/** More than none, less than all. */
export const fraction = numbers("a number between 0 and 1, neither of them", (value) => value > 0 && value < 1);

/** One of some names; `spell` brings other spellings of them into form. */
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

/** A list, each element of a kind; of `length` elements where that is given. */
/* @__NO_SIDE_EFFECTS__ */
export function listOf<T>({ expected, read, flaw }: OptionKind<T>, length?: number): OptionKind<readonly T[]> {
  const list = kind(`a list${length === undefined ? "" : ` of ${length}`}, each ${expected}`, (value) => {
    if (!Array.isArray(value) || (length !== undefined && value.length !== length)) return undefined;
    const elements: T[] = [];
    // Not `map`, which would leave holes out.
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

/** A value of the first kind, or of the second. */
/* @__NO_SIDE_EFFECTS__ */
export function either<A, B>(first: OptionKind<A>, second: OptionKind<B>): OptionKind<A | B> {
  return kind<A | B>(`${first.expected}, or ${second.expected}`, (value) => first.read(value) ?? second.read(value));
}

/** What a function makes of the value; it throws a ValueError for what it does not take. */
/* @__NO_SIDE_EFFECTS__ */
export function resolvedBy<Given, T>(expected: string, resolve: (given: Given) => T): OptionKind<NonNullable<T>> {
  return kind(expected, (value) => resolve(value as Given) ?? undefined);
}

/** What has the class, or one below it. */
/* @__NO_SIDE_EFFECTS__ */
export function instanceOf<T>(expected: string, ofClass: abstract new (...given: never[]) => T): OptionKind<T> {
  return kind(expected, (value) => (value instanceof ofClass ? value : undefined));
}

/** A function. What it is called with, only its type says. */
/* @__NO_SIDE_EFFECTS__ */
export function functionLike<T>(form: string): OptionKind<NonNullable<T>> {
  return resolvedBy(`a function: ${form}`, (given: T) => (typeof given === "function" ? given : undefined));
}

/** What is checked where it is used, such as data. */
/* @__NO_SIDE_EFFECTS__ */
export function checkedLater<T>(expected: string): OptionKind<NonNullable<T>> {
  return resolvedBy(expected, (given: T) => given);
}

/** Of an AbortController, whichever realm or library it is from. */
export const signal = resolvedBy("an AbortSignal: new AbortController().signal", (given: AbortSignal) =>
  typeof given?.aborted === "boolean" && typeof given.addEventListener === "function" ? given : undefined,
);

/** Options within options. @param what names them in errors: "requestDevice: tune" */
/* @__NO_SIDE_EFFECTS__ */
export function optionsOf<Table extends OptionTable>(what: string, table: Table): OptionKind<OptionsOf<Table>> {
  return kind("options", (given) => readOptions(what, table, given));
}

/** Data with members of which only some matter. */
/* @__NO_SIDE_EFFECTS__ */
export function recordOf<Table extends OptionTable>(what: string, table: Table): OptionKind<OptionsOf<Table>> {
  return kind("an object", (given) => readSome(what, table, given));
}

/** Whole numbers from 1 to the most that is sensible. */
/* @__NO_SIDE_EFFECTS__ */
export function upTo(most: number): OptionKind<number> {
  const fits = (value: number) => Number.isSafeInteger(value) && value >= 1 && value <= most;
  return numbers(`a whole number from 1 to ${most}`, fits);
}

/** Seconds, of which there may be any number. */
export const duration = numbers("a number of seconds ≥ 0", (value) => value >= 0);
/** A number of bytes, of which there may be any number. */
export const bytes = numbers("a number of bytes above 0", (value) => value > 0);

/** Texts in a list, or in another iterable. */
export const texts = kind("texts: a list of strings", (value): Iterable<string> | undefined =>
  typeof value === "object" && value !== null && typeof Reflect.get(value, Symbol.iterator) === "function"
    ? (value as Iterable<string>)
    : undefined,
);
