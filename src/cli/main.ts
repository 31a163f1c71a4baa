#!/usr/bin/env node
/** The command `sluice`. */
import process from "node:process";
import { SluiceError } from "../core/errors.ts";
import { BENCH_OPTIONS, parseBench } from "./bench_arguments.ts";
import { benchCommand } from "./bench_command.ts";
import { eitherOf, hasOption, helpOf, meant, type OptionTable } from "./command_line.ts";
import { FORECAST_OPTIONS, parseForecast } from "./forecast_arguments.ts";
import { forecastCommand } from "./forecast_command.ts";
import { NEIGHBOURS_OPTIONS, parseNeighbours } from "./neighbours_arguments.ts";
import { neighboursCommand } from "./neighbours_command.ts";
import { PREDICT_OPTIONS, parsePredict } from "./predict_arguments.ts";
import { predictCommand } from "./predict_command.ts";
import { printError, printLine } from "./print.ts";
import { isDeno, rerunInDeno } from "./run_in_deno.ts";
import type { RuntimeName } from "./runtime_info.ts";
import { parseTrain, TRAIN_OPTIONS } from "./train_arguments.ts";
import { trainCommand } from "./train_command.ts";
import { sluiceVersion } from "./training_report.ts";
import { UsageError } from "./usage_error.ts";
import { parseWords, WORDS_OPTIONS } from "./words_arguments.ts";
import { wordsCommand } from "./words_command.ts";

/** A command: its usage, its description, its options, and its implementation. */
interface Command {
  readonly usage: string;
  readonly help: string;
  readonly options: OptionTable;
  /** Parses the arguments and returns the work, which begins when `start` is called. */
  readonly prepare: (argv: readonly string[]) => {
    readonly runtime: RuntimeName;
    readonly start: () => Promise<number>;
  };
}

const here = import.meta.url;

const COMMANDS: Readonly<Record<string, Command>> = {
  train: {
    usage: "train [options]",
    help: "train a classifier of texts: sentences, reviews, or your own file",
    options: TRAIN_OPTIONS,
    prepare: (argv) => {
      const args = parseTrain(argv, process.env);
      return { runtime: args.runtime, start: () => trainCommand(args, here) };
    },
  },
  predict: {
    usage: 'predict --model DIR "text" …',
    help: "predict with a saved model; without texts it reads lines from standard input",
    options: PREDICT_OPTIONS,
    prepare: (argv) => {
      const args = parsePredict(argv);
      return { runtime: args.runtime, start: () => predictCommand(args) };
    },
  },
  forecast: {
    usage: "forecast [options]",
    help: "train a stacked LSTM on a series, and compare it with simple forecasts",
    options: FORECAST_OPTIONS,
    prepare: (argv) => {
      const args = parseForecast(argv);
      return { runtime: args.runtime, start: () => forecastCommand(args, here) };
    },
  },
  words: {
    usage: "words [options]",
    help: "train word vectors, and show the nearest neighbours of some words",
    options: WORDS_OPTIONS,
    prepare: (argv) => {
      const args = parseWords(argv, process.env);
      return { runtime: args.runtime, start: () => wordsCommand(args) };
    },
  },
  neighbours: {
    usage: "neighbours --model DIR [options]",
    help: "measure how well a model's vectors separate reviews, by k nearest neighbours",
    options: NEIGHBOURS_OPTIONS,
    prepare: (argv) => {
      const args = parseNeighbours(argv, process.env);
      return { runtime: args.runtime, start: () => neighboursCommand(args) };
    },
  },
  bench: {
    usage: "bench [options]",
    help: "measure kernels and models on this adapter",
    options: BENCH_OPTIONS,
    prepare: (argv) => {
      const args = parseBench(argv);
      return { runtime: args.runtime, start: () => benchCommand(args, here) };
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
    "",
    "`sluice help COMMAND` lists the options of a command, `sluice --version` (-v) prints the version.",
  ].join("\n");
}

/** @throws UsageError for an unknown command; it suggests the nearest one. */
function commandNamed(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command;
  const known = Object.keys(COMMANDS);
  throw new UsageError(
    `unknown command "${name}"; expected ${eitherOf(known)}${meant(name, known) || ": see `sluice --help`"}`,
  );
}

function showHelp(name: string | undefined): number {
  if (name === undefined) {
    printLine(helpText(COMMANDS));
  } else {
    const command = commandNamed(name);
    printLine(`${usageOf(command)}\n\n${helpOf(command.options)}`);
  }
  return 0;
}

async function run([name, ...argv]: readonly string[]): Promise<number> {
  if (name === "--version" || name === "-v") {
    printLine(sluiceVersion());
    return 0;
  }
  if (name === undefined) {
    showHelp(undefined);
    return 2;
  }
  if (["help", "--help", "-h"].includes(name)) return showHelp(argv[0]);
  const command = commandNamed(name);
  if (hasOption(argv, "--help", "-h")) return showHelp(name);
  const { runtime, start } = command.prepare(argv);
  return runtime === "deno" && !isDeno() ? rerunInDeno(here, [name, ...argv]) : start();
}

const argv = process.argv.slice(2);
// A reader that closes the pipe early, such as `head`, is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
let status: number;
try {
  status = await run(argv);
} catch (error) {
  status = error instanceof UsageError ? 2 : 1;
  const isExpected = error instanceof SluiceError && !hasOption(argv, "--debug");
  printError(isExpected ? `sluice: ${error.message}` : error);
}
// Dawn's threads outlive its devices, so the program must exit explicitly.
process.exit(status);
