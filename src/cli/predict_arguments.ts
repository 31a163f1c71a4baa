/** The arguments of `sluice predict`. */
import { COMMON, choice, type OptionTable, parseCommandLine, textOf } from "./command_line.ts";
import type { RuntimeName } from "./runtime_info.ts";
import { UsageError } from "./usage_error.ts";

/** The parsed arguments of `sluice predict`. */
export interface PredictArguments {
  readonly model: string;
  readonly texts: readonly string[];
  readonly runtime: RuntimeName;
  /** Where to write the predictions as JSON; "-" for standard output. */
  readonly json: string | undefined;
}

/** Options of `sluice predict`. */
export const PREDICT_OPTIONS = {
  model: { value: "DIR", help: "a model that `sluice train` saved" },
  runtime: { value: "NAME", help: "node or deno (node)" },
  json: { value: "FILE", help: "write the predictions as JSON; - prints them" },
  ...COMMON,
} as const satisfies OptionTable;

/**
 * Parses the arguments of `sluice predict`.
 * @throws UsageError for an unknown option, a missing value, no model or an empty text.
 */
export function parsePredict(argv: readonly string[]): PredictArguments {
  const { values, positionals } = parseCommandLine("predict", argv, PREDICT_OPTIONS);
  const model = textOf(values, "model");
  if (model === undefined) {
    throw new UsageError("--model is missing; expected the directory of a model, such as --model runs/sentences");
  }
  const empty = positionals.findIndex((text) => text.trim() === "");
  if (empty !== -1) throw new UsageError(`text ${empty + 1} is empty; expected at least one word`);
  const runtime = choice(values, "runtime", ["node", "deno"]) ?? "node";
  return { model, texts: positionals, runtime, json: textOf(values, "json") };
}
