/** The words after `sluice train` and `sluice predict`, turned into checked values. */
import { parseArgs } from "node:util";
import { RUNTIMES, type RuntimeName } from "./runtime_info.ts";
import { type DataName, flagOf, PRESETS, type TrainOptions } from "./train_options.ts";
import { UsageError } from "./usage_error.ts";

/** What `sluice train` was told. */
export interface TrainArguments {
  /** Only what was given: defaults depend on the data, or on the run to resume. */
  readonly given: Partial<TrainOptions>;
  readonly archive: string | undefined;
  readonly runtime: RuntimeName;
  readonly out: string | undefined;
  readonly json: string | undefined;
  readonly resume: string | undefined;
}

/** What `sluice predict` was told. */
export interface PredictArguments {
  readonly model: string;
  readonly texts: readonly string[];
  readonly runtime: RuntimeName;
  readonly json: boolean;
}

/** One option: its value's name in the help (a flag has none), and what the help says. */
export interface OptionHelp {
  readonly value?: string;
  readonly help: string;
}

/** Options by name, as the help lists them. */
export type OptionTable = Readonly<Record<string, OptionHelp>>;

const { sentences, imdb } = PRESETS;
const both = (name: keyof typeof sentences): string => `${sentences[name]}; for imdb ${imdb[name]}`;

/** Options that every command has. */
export const COMMON = {
  debug: { help: "show where in the program an error arose" },
  help: { help: "show this" },
} as const satisfies OptionTable;

/** Options of `sluice train`. */
export const TRAIN_OPTIONS = {
  data: { value: "NAME", help: "sentences (3,000, embedded) or imdb (50,000 reviews, needs --archive)" },
  archive: { value: "PATH|URL", help: "Stanford's aclImdb_v1.tar.gz; or set SLUICE_IMDB" },
  runtime: { value: "NAME", help: "node, deno, chromium or firefox (node)" },
  epochs: { value: "N", help: `times through the data (${both("epochs")})` },
  "batch-size": { value: "N", help: `examples per step (${both("batchSize")})` },
  units: { value: "N", help: `units of the LSTM (${both("units")})` },
  embedding: { value: "N", help: `numbers per word (${both("embedding")})` },
  "max-length": { value: "N", help: `words per text; longer ones are cut (${both("maxLength")})` },
  "num-words": { value: "N", help: `size of the vocabulary (${both("numWords")})` },
  dropout: { value: "RATE", help: `share of the embedding that is dropped (${both("dropout")})` },
  "learning-rate": { value: "RATE", help: `Adam's (${both("learningRate")})` },
  seed: { value: "N", help: "one seed, one result on one adapter (7)" },
  limit: { value: "N", help: "at most N examples to train on and N to test, both classes alike" },
  out: { value: "DIR", help: "where the model is saved (runs/sentences or runs/imdb)" },
  json: { value: "FILE", help: "write the results as JSON" },
  resume: { value: "DIR", help: "go on with a training that was stopped, exactly where it stopped" },
  ...COMMON,
} as const satisfies OptionTable;

/** Options of `sluice predict`. */
export const PREDICT_OPTIONS = {
  model: { value: "DIR", help: "a model that `sluice train` saved" },
  runtime: { value: "NAME", help: "node or deno (node)" },
  json: { help: "print the verdicts as JSON" },
  ...COMMON,
} as const satisfies OptionTable;

/** Options as typed, and the words that belong to none. */
export interface Words {
  readonly values: ReadonlyMap<string, string | true>;
  readonly positionals: readonly string[];
}

/**
 * What was typed after `sluice train`.
 * @throws UsageError for an unknown option, a missing value, a word too many or a value out of range.
 */
export function parseTrain(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): TrainArguments {
  const { values, positionals } = readWords("train", words, TRAIN_OPTIONS);
  if (positionals.length > 0) {
    throw new UsageError(`unexpected "${positionals[0]}"; expected options only: see \`sluice train --help\``);
  }
  const numbers = [
    ...(["epochs", "batchSize", "units", "embedding", "maxLength", "numWords"] as const),
    ...(["dropout", "learningRate", "seed", "limit"] as const),
  ].flatMap((name) => {
    const text = textOf(values, flagOf(name).slice(2));
    return text === undefined ? [] : [[name, numberOf(flagOf(name), text)]];
  });
  const data = choice(values, "data", ["sentences", "imdb"] satisfies DataName[]);
  return {
    given: { ...(Object.fromEntries(numbers) as Partial<TrainOptions>), ...(data && { data }) },
    archive: textOf(values, "archive") ?? (environment.SLUICE_IMDB || undefined),
    runtime: choice(values, "runtime", RUNTIMES) ?? "node",
    out: textOf(values, "out"),
    json: textOf(values, "json"),
    resume: textOf(values, "resume"),
  };
}

/**
 * What was typed after `sluice predict`.
 * @throws UsageError for an unknown option, a missing value, no model or an empty text.
 */
export function parsePredict(words: readonly string[]): PredictArguments {
  const { values, positionals } = readWords("predict", words, PREDICT_OPTIONS);
  const model = textOf(values, "model");
  if (model === undefined) {
    throw new UsageError("--model is missing; expected the directory of a model, such as --model runs/sentences");
  }
  const empty = positionals.findIndex((text) => text.trim() === "");
  if (empty !== -1) throw new UsageError(`text ${empty + 1} is empty; expected at least one word`);
  const runtime = choice(values, "runtime", ["node", "deno"]) ?? "node";
  return { model, texts: positionals, runtime, json: values.has("json") };
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

/** The words after a command, by its table. @throws UsageError for an unknown option, a missing value or one too many. */
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

function unknownOption(command: string, rawName: string, table: OptionTable): string {
  const start = rawName.replace(/^-+/, "").slice(0, 3);
  const near = Object.keys(table).find((name) => start !== "" && name.startsWith(start));
  const hint = near === undefined ? "" : `did you mean --${near}? `;
  return `unknown option ${rawName}; ${hint}\`sluice ${command} --help\` lists them`;
}

/** An option's value, if it was given. */
export function textOf(values: Words["values"], name: string): string | undefined {
  const value = values.get(name);
  return value === true ? undefined : value;
}

/** A number. @throws UsageError naming the option. */
export function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isNaN(value)) throw new UsageError(`${flag} is "${text}"; expected a number`);
  return value;
}

/** One of several words. @throws UsageError listing them. */
export function choice<T extends string>(values: Words["values"], name: string, choices: readonly T[]): T | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const found = choices.find((each) => each === text);
  if (found === undefined)
    throw new UsageError(`--${name} is "${text}"; expected ${choices.join(", ").replace(/, (\w+)$/, " or $1")}`);
  return found;
}
