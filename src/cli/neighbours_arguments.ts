/** The arguments of `sluice neighbours`. */
import { COMMON, choice, numbersOf, type OptionTable, parseOptions, textOf } from "./command_line.ts";
import { checkWhole } from "./option_checks.ts";
import { UsageError } from "./usage_error.ts";

/** The parsed arguments of `sluice neighbours`. */
export interface NeighboursArguments {
  readonly model: string;
  readonly archive: string;
  /** The number of neighbours that vote. */
  readonly k: number;
  readonly pooling: "last" | "mean" | "max";
  /** The most reviews to use of each half of the data. */
  readonly limit: number | undefined;
  readonly runtime: "node" | "deno";
}

/** Options of `sluice neighbours`. */
export const NEIGHBOURS_OPTIONS = {
  model: { value: "DIR", help: "a model that `sluice train --data imdb` saved" },
  archive: { value: "PATH|URL", help: "Stanford's aclImdb_v1.tar.gz; or set SLUICE_IMDB" },
  k: { value: "N", help: "the number of neighbours that vote (15)" },
  pooling: { value: "NAME", help: "pooling of the states: last, mean or max (last)" },
  limit: { value: "N", help: "use at most N training reviews and N test reviews, balanced over the classes" },
  runtime: { value: "NAME", help: "node or deno (node)" },
  ...COMMON,
} as const satisfies OptionTable;

/**
 * Parses the arguments of `sluice neighbours`.
 * @throws UsageError that names the option that is wrong or missing.
 */
export function parseNeighbours(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): NeighboursArguments {
  const values = parseOptions("neighbours", argv, NEIGHBOURS_OPTIONS);
  const model = textOf(values, "model");
  if (model === undefined) throw new UsageError("--model is missing; expected a directory, such as --model runs/imdb");
  const archive = textOf(values, "archive") ?? (environment.SLUICE_IMDB || undefined);
  if (archive === undefined)
    throw new UsageError("--archive is missing; expected aclImdb_v1.tar.gz, or set SLUICE_IMDB");
  const { k = 15, limit } = numbersOf(values, ["k", "limit"]);
  checkWhole("k", k, 1);
  if (limit !== undefined) checkWhole("limit", limit, 2);
  return {
    ...{ model, archive, k, limit },
    pooling: choice(values, "pooling", ["last", "mean", "max"]) ?? "last",
    runtime: choice(values, "runtime", ["node", "deno"]) ?? "node",
  };
}
