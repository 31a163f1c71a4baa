/** Parses a command's arguments by a table of its options, on top of Node's `parseArgs`. */
import { parseArgs } from "node:util";
import { nearestName } from "./nearest_name.ts";
import { flagOf } from "./option_checks.ts";
import { UsageError } from "./usage_error.ts";

/** One option: the placeholder for its value in the help text (a flag has none), and its description. */
export interface OptionHelp {
  readonly value?: string;
  readonly help: string;
}

/** The options of a command, by name. */
export type OptionTable = Readonly<Record<string, OptionHelp>>;

/** The options of every command. */
export const COMMON = {
  debug: { help: "show the stack trace of an error" },
  help: { help: "show this help; also -h" },
} as const satisfies OptionTable;

/** The options that were given, and the other arguments. */
export interface CommandLine {
  readonly values: ReadonlyMap<string, string | true>;
  readonly positionals: readonly string[];
}

/**
 * Parses a command's arguments.
 * @throws UsageError for an unknown option, or a missing value.
 */
export function parseCommandLine(command: string, argv: readonly string[], table: OptionTable): CommandLine {
  const { tokens } = parseArgs({
    args: [...argv],
    // Errors of `strict` are long; the loop below throws shorter ones.
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
 * Like `parseCommandLine`, for a command that takes options only.
 * @throws UsageError also for an argument that is not an option.
 */
export function parseOptions(command: string, argv: readonly string[], table: OptionTable): CommandLine["values"] {
  const { values, positionals } = parseCommandLine(command, argv, table);
  if (positionals.length > 0) {
    throw new UsageError(`unexpected "${positionals[0]}"; expected options only: see \`sluice ${command} --help\``);
  }
  return values;
}

/** Whether one of the options `names` was given, before any `--`. */
export function hasOption(argv: readonly string[], ...names: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end === -1 ? argv : argv.slice(0, end)).some((argument) => names.includes(argument));
}

/** The help text of the options, a line for each. */
export function helpOf(table: OptionTable): string {
  const heads = Object.entries(table).map(
    ([name, { value, help }]) => [`--${name}${value ? ` ${value}` : ""}`, help] as const,
  );
  const width = Math.max(...heads.map(([head]) => head.length));
  return heads.map(([head, help]) => `  ${head.padEnd(width)}  ${help}`).join("\n");
}

/** The value of an option, or undefined. */
export function textOf(values: CommandLine["values"], name: string): string | undefined {
  const value = values.get(name);
  return value === true ? undefined : value;
}

/**
 * The options among `names` (camelCase) that were given, as numbers.
 * @throws UsageError when one is not a number.
 */
export function numbersOf<Name extends string>(
  values: CommandLine["values"],
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
 * The value of an option, which must be one of `choices`; undefined if it was not given.
 * @throws UsageError for another value.
 */
export function choice<T extends string>(
  values: CommandLine["values"],
  name: string,
  choices: readonly T[],
): T | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const found = choices.find((each) => each === text);
  if (found === undefined)
    throw new UsageError(`--${name} is "${text}"; expected ${eitherOf(choices)}${meant(text, choices)}`);
  return found;
}

/** Names as a list: `a, b or c`. */
export function eitherOf(names: readonly string[]): string {
  return names.join(", ").replace(/, ([^,]+)$/, " or $1");
}

/** Returns `: did you mean b?` if one of the names is similar. */
export function meant(given: string, names: readonly string[]): string {
  const near = nearestName(given, names);
  return near === undefined ? "" : `: did you mean ${near}?`;
}

function unknownOption(command: string, rawName: string, table: OptionTable): string {
  const near = nearestName(rawName.replace(/^-+/, ""), Object.keys(table));
  const hint = near === undefined ? "" : `did you mean --${near}? `;
  return `unknown option ${rawName}; ${hint}\`sluice ${command} --help\` lists them`;
}
