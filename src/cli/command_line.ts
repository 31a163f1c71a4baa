/** The words after a command, read by a table of its options: what `parseArgs` leaves to its user. */
import { parseArgs } from "node:util";
import { flagOf } from "./option_checks.ts";
import { UsageError } from "./usage_error.ts";

/** One option: its value's name in the help (a flag has none), and what the help says. */
export interface OptionHelp {
  readonly value?: string;
  readonly help: string;
}

/** A command's options by name. */
export type OptionTable = Readonly<Record<string, OptionHelp>>;

/** Options that every command has. */
export const COMMON = {
  debug: { help: "show where in the program an error arose" },
  help: { help: "show this" },
} as const satisfies OptionTable;

/** Options as typed, and the words that belong to none. */
export interface Words {
  readonly values: ReadonlyMap<string, string | true>;
  readonly positionals: readonly string[];
}

/**
 * What was typed after a command.
 * @throws UsageError for an unknown option, or a missing value.
 */
export function readWords(command: string, words: readonly string[], table: OptionTable): Words {
  const { tokens } = parseArgs({
    args: [...words],
    // Its own complaints are long; the loop below says the same in our words.
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      Object.entries(table).map(([name, { value }]) => [name, { type: value ? "string" : "boolean" } as const]),
    ),
  });
  const values = new Map<string, string | true>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const known = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (known === undefined) throw new UsageError(unknownOption(command, token.rawName, table));
    if (known.value === undefined && token.value !== undefined) {
      throw new UsageError(`--${token.name} takes no value, got "${token.value}"`);
    }
    if (
      known.value !== undefined &&
      (token.value === undefined || token.value.trim() === "" || token.value.startsWith("--"))
    ) {
      throw new UsageError(`--${token.name} has no value; expected --${token.name} ${known.value}`);
    }
    values.set(token.name, token.value ?? true);
  }
  return { values, positionals };
}

/**
 * As `readWords`, for a command that takes options only.
 * @throws UsageError also for a word that belongs to no option.
 */
export function readOptions(command: string, words: readonly string[], table: OptionTable): Words["values"] {
  const { values, positionals } = readWords(command, words, table);
  if (positionals.length > 0) {
    throw new UsageError(`unexpected "${positionals[0]}"; expected options only: see \`sluice ${command} --help\``);
  }
  return values;
}

/** Whether a word is among the options, before any `--`. */
export function asks(words: readonly string[], ...names: readonly string[]): boolean {
  const end = words.indexOf("--");
  return (end === -1 ? words : words.slice(0, end)).some((word) => names.includes(word));
}

/** The options as lines of a help text. */
export function helpOf(table: OptionTable): string {
  const heads = Object.entries(table).map(
    ([name, { value, help }]) => [`--${name}${value ? ` ${value}` : ""}`, help] as const,
  );
  const width = Math.max(...heads.map(([head]) => head.length));
  return heads.map(([head, help]) => `  ${head.padEnd(width)}  ${help}`).join("\n");
}

/** The value of an option, if it was given. */
export function textOf(values: Words["values"], name: string): string | undefined {
  const value = values.get(name);
  return value === true ? undefined : value;
}

/**
 * The options among `names` (camelCase) that were given, as numbers.
 * @throws UsageError when one is no number.
 */
export function numbersOf<Name extends string>(
  values: Words["values"],
  names: readonly Name[],
): Partial<Record<Name, number>> {
  const given: Partial<Record<Name, number>> = {};
  for (const name of names) {
    const text = textOf(values, flagOf(name).slice(2));
    if (text === undefined) continue;
    const value = Number(text);
    if (Number.isNaN(value)) throw new UsageError(`${flagOf(name)} is "${text}"; expected a number`);
    given[name] = value;
  }
  return given;
}

/**
 * The value of an option that is one of `choices`, if it was given.
 * @throws UsageError when it is another.
 */
export function choice<T extends string>(values: Words["values"], name: string, choices: readonly T[]): T | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const found = choices.find((each) => each === text);
  if (found === undefined)
    throw new UsageError(`--${name} is "${text}"; expected ${choices.join(", ").replace(/, (\w+)$/, " or $1")}`);
  return found;
}

function unknownOption(command: string, rawName: string, table: OptionTable): string {
  const start = rawName.replace(/^-+/, "").slice(0, 3);
  const near = Object.keys(table).find((name) => start !== "" && name.startsWith(start));
  const hint = near === undefined ? "" : `did you mean --${near}? `;
  return `unknown option ${rawName}; ${hint}\`sluice ${command} --help\` lists them`;
}
