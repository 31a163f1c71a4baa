/** The words after `sluice bench`, turned into checked values. */
import { RUNTIMES, type RuntimeName } from "./runtime_info.ts";
import { COMMON, choice, type OptionTable, readOptions, textOf } from "./words.ts";

/** What `sluice bench` was told. */
export interface BenchArguments {
  readonly runtime: RuntimeName;
  readonly filter: string | undefined;
  readonly all: boolean;
  readonly quick: boolean;
  readonly peers: boolean;
  readonly json: string | undefined;
}

/** Options of `sluice bench`. */
export const BENCH_OPTIONS = {
  filter: { value: "WORDS", help: 'only cases that hold all the words, such as "matmul 32000"; commas join filters' },
  all: { help: "every case there is: the whole grid of the LSTM takes hours without a GPU" },
  quick: { help: "fewer samples, and only the variants that Sluice chooses" },
  peers: { help: "the same tasks by other libraries, in turns with Sluice" },
  runtime: { value: "NAME", help: "node, deno, chromium or firefox (node)" },
  json: { value: "FILE", help: "write the results as JSON" },
  ...COMMON,
} as const satisfies OptionTable;

/**
 * What was typed after `sluice bench`.
 * @throws UsageError for an unknown option, a missing value, or a word too many.
 */
export function parseBench(words: readonly string[]): BenchArguments {
  const values = readOptions("bench", words, BENCH_OPTIONS);
  return {
    runtime: choice(values, "runtime", RUNTIMES) ?? "node",
    filter: textOf(values, "filter"),
    all: values.has("all"),
    quick: values.has("quick"),
    peers: values.has("peers"),
    json: textOf(values, "json"),
  };
}
