#!/usr/bin/env node
/** The command `sluice`. */
import process from "node:process";
import { SluiceError } from "../core/errors.ts";
import { BENCH_OPTIONS, parseBench } from "./bench_arguments.ts";
import { benchCommand } from "./bench_command.ts";
import { asks, helpOf, type OptionTable } from "./command_line.ts";
import { FORECAST_OPTIONS, parseForecast } from "./forecast_arguments.ts";
import { forecastCommand } from "./forecast_command.ts";
import { NEIGHBOURS_OPTIONS, parseNeighbours } from "./neighbours_arguments.ts";
import { neighboursCommand } from "./neighbours_command.ts";
import { PREDICT_OPTIONS, parsePredict } from "./predict_arguments.ts";
import { predictCommand } from "./predict_command.ts";
import { isDeno, rerunInDeno } from "./run_in_deno.ts";
import type { RuntimeName } from "./runtime_info.ts";
import { parseTrain, TRAIN_OPTIONS } from "./train_arguments.ts";
import { trainCommand } from "./train_command.ts";
import { sluiceVersion } from "./training_report.ts";
import { UsageError } from "./usage_error.ts";
import { parseWords, WORDS_OPTIONS } from "./words_arguments.ts";
import { wordsCommand } from "./words_command.ts";

/** One command: how it is called, what it is for, its options, and what runs it. */
interface Command {
  readonly usage: string;
  readonly help: string;
  readonly options: OptionTable;
  /** Checks the words; the work itself starts when `start` is called. */
  readonly prepare: (words: readonly string[]) => {
    readonly runtime: RuntimeName;
    readonly start: () => Promise<number>;
  };
}

const here = import.meta.url;

const COMMANDS: Readonly<Record<string, Command>> = {
  train: {
    usage: "train [options]",
    help: "train a sentiment model",
    options: TRAIN_OPTIONS,
    prepare: (words) => {
      const told = parseTrain(words, process.env);
      return { runtime: told.runtime, start: () => trainCommand(told, here) };
    },
  },
  predict: {
    usage: 'predict --model DIR "text" …',
    help: "ask a model; without texts it reads lines from standard input",
    options: PREDICT_OPTIONS,
    prepare: (words) => {
      const told = parsePredict(words);
      return { runtime: told.runtime, start: () => predictCommand(told) };
    },
  },
  forecast: {
    usage: "forecast [options]",
    help: "train a stacked LSTM on a series, and compare it with simple forecasts",
    options: FORECAST_OPTIONS,
    prepare: (words) => {
      const told = parseForecast(words);
      return { runtime: told.runtime, start: () => forecastCommand(told, here) };
    },
  },
  words: {
    usage: "words [options]",
    help: "train word vectors, and show which words they bring together",
    options: WORDS_OPTIONS,
    prepare: (words) => {
      const told = parseWords(words, process.env);
      return { runtime: told.runtime, start: () => wordsCommand(told) };
    },
  },
  neighbours: {
    usage: "neighbours --model DIR [options]",
    help: "how well a model's vectors tell reviews apart, by their nearest neighbours",
    options: NEIGHBOURS_OPTIONS,
    prepare: (words) => {
      const told = parseNeighbours(words, process.env);
      return { runtime: told.runtime, start: () => neighboursCommand(told) };
    },
  },
  bench: {
    usage: "bench [options]",
    help: "measure kernels and models on this adapter",
    options: BENCH_OPTIONS,
    prepare: (words) => {
      const told = parseBench(words);
      return { runtime: told.runtime, start: () => benchCommand(told, here) };
    },
  },
};

function usageOf({ usage, help }: Command): string {
  return `  sluice ${usage.padEnd(32)}  ${help}`;
}

function helpText(commands: Readonly<Record<string, Command>>): string {
  return [
    "sluice: recurrent networks that train on WebGPU",
    "",
    ...Object.values(commands).map(usageOf),
    "  sluice --version",
    ...Object.entries(commands).map(([name, { options }]) => `\nsluice ${name}\n${helpOf(options)}`),
  ].join("\n");
}

async function run([name, ...words]: readonly string[]): Promise<number> {
  if (name === "--version") {
    console.log(sluiceVersion());
    return 0;
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (name === undefined || command === undefined) {
    if (name !== undefined && name !== "help" && name !== "--help") {
      const known = Object.keys(COMMANDS)
        .join(", ")
        .replace(/, (\w+)$/, " or $1");
      throw new UsageError(`unknown command "${name}"; expected ${known}: see \`sluice --help\``);
    }
    console.log(helpText(COMMANDS));
    return name === undefined ? 2 : 0;
  }
  if (asks(words, "--help")) {
    console.log(`${usageOf(command)}\n\n${helpOf(command.options)}`);
    return 0;
  }
  const { runtime, start } = command.prepare(words);
  return runtime === "deno" && !isDeno() ? rerunInDeno(here, [name, ...words]) : start();
}

const words = process.argv.slice(2);
// A reader that has enough, such as `head`, is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
let status: number;
try {
  status = await run(words);
} catch (error) {
  status = error instanceof UsageError ? 2 : 1;
  const isExpected = error instanceof SluiceError && !asks(words, "--debug");
  console.error(isExpected ? `sluice: ${error.message}` : error);
}
// Dawn's threads outlive its devices: a program that is done must leave by itself.
process.exit(status);
