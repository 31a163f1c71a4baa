/**
 * Options as a table: for each name what it takes, and what counts where it is left out. All options are read through
 * their table, whether a caller wrote them or a saved model holds them: so what was accepted once is accepted again.
 */
import { ValueError } from "./errors.ts";
import { type Flaw, float32Flaw } from "./float32_check.ts";
import { expectOptions, shown } from "./options.ts";

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

/** The options of a table, checked and completed. */
export type OptionsOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer T> ? T : never;
};

/** An option that must be given. */
/* @__NO_SIDE_EFFECTS__ */
export function required<T>(kind: OptionKind<T>): Option<T> {
  return { ...kind, isRequired: true, absent: undefined };
}

/** An option with a default, which null stands for too. */
/* @__NO_SIDE_EFFECTS__ */
export function withDefault<T>(kind: OptionKind<T>, absent: NoInfer<T>): Option<T> {
  return withNone(kind, absent, absent);
}

/** An option with a default, whose null means something else. */
/* @__NO_SIDE_EFFECTS__ */
export function withNone<T, None>(kind: OptionKind<T>, absent: NoInfer<T>, none: None): Option<T | None> {
  return { ...kind, isRequired: false, absent, none };
}

/** An option that may be left out: null then, as in Keras's own configs. */
/* @__NO_SIDE_EFFECTS__ */
export function optional<T>(kind: OptionKind<T>): Option<T | null> {
  return { ...kind, isRequired: false, absent: null, none: null };
}

/**
 * Reads options, each once: a getter cannot give one value to the check and another to what follows.
 * @param what whose options they are, as its users write it: "dense"
 * @throws ValueError for an option that is unknown, missing, or of another kind.
 * @example
 * const DENSE = { units: required(positive), useBias: withDefault(flag, true) };
 * const { units, useBias } = readOptions("dense", DENSE, { units: 32 });
 */
export function readOptions<Table extends OptionTable>(what: string, table: Table, given: unknown): OptionsOf<Table> {
  expectObject(what, table, given);
  expectOptions(what, given, table);
  return readSome(what, table, given);
}

function expectObject(what: string, table: OptionTable, given: unknown): asserts given is object {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    const names = Object.keys(table).filter((name) => table[name]?.isRequired);
    throw new ValueError(
      `${what}: got ${shown(given)} in place of options; expected an object` +
        `${names.length > 0 ? ` with ${names.join(", ")}` : ""}`,
      { given },
    );
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
  const read = Object.fromEntries(
    Object.entries(table).map(([name, option]) => [name, readOption(what, name, option, options[name])]),
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
