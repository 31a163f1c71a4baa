#!/usr/bin/env node
/** The command `sluice`. */
import process from "node:process";
import { SluiceError } from "../core/errors.ts";
import { asks, helpOf, PREDICT_OPTIONS, parsePredict, parseTrain, TRAIN_OPTIONS } from "./arguments.ts";
import { BENCH_OPTIONS, parseBench } from "./bench_arguments.ts";
import { benchCommand } from "./bench_command.ts";
import { isDeno, rerunInDeno } from "./in_deno.ts";
import { predictCommand } from "./predict_command.ts";
import { sluiceVersion } from "./record.ts";
import { trainCommand } from "./train_command.ts";
import { UsageError } from "./usage_error.ts";

const HELP = `sluice: recurrent networks that train on WebGPU

  sluice train [options]                    train a sentiment model
  sluice predict --model DIR "text" …       ask a model; without texts it reads lines from standard input
  sluice bench [options]                    measure kernels and models on this adapter
  sluice --version

sluice train
${helpOf(TRAIN_OPTIONS)}

sluice predict
${helpOf(PREDICT_OPTIONS)}

sluice bench
${helpOf(BENCH_OPTIONS)}`;

async function run([command, ...words]: readonly string[]): Promise<number> {
  if (command === "--version") {
    console.log(sluiceVersion());
    return 0;
  }
  if (command === undefined || command === "help" || command === "--help" || asks(words, "--help")) {
    console.log(HELP);
    return command === undefined ? 2 : 0;
  }
  if (command === "train") {
    const told = parseTrain(words, process.env);
    if (told.runtime === "deno" && !isDeno()) return rerunInDeno(import.meta.url, [command, ...words]);
    return trainCommand(told, import.meta.url);
  }
  if (command === "predict") {
    const told = parsePredict(words);
    if (told.runtime === "deno" && !isDeno()) return rerunInDeno(import.meta.url, [command, ...words]);
    return predictCommand(told);
  }
  if (command === "bench") {
    const told = parseBench(words);
    if (told.runtime === "deno" && !isDeno()) return rerunInDeno(import.meta.url, [command, ...words]);
    return benchCommand(told);
  }
  throw new UsageError(`unknown command "${command}"; expected train, predict or bench: see \`sluice --help\``);
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
