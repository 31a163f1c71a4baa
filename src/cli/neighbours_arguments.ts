/** The arguments of `sluice neighbours`. */
import { COMMON, choice, numbersOf, type OptionTable, readOptions, textOf } from "./command_line.ts";
import { checkWhole } from "./option_checks.ts";
import { UsageError } from "./usage_error.ts";

/** What `sluice neighbours` was told. */
export interface NeighboursArguments {
  readonly model: string;
  readonly archive: string;
  /** How many neighbours vote. */
  readonly k: number;
  readonly pooling: "last" | "mean" | "max";
  /** At most so many reviews on either side. */
  readonly limit: number | undefined;
  readonly runtime: "node" | "deno";
}

/** Options of `sluice neighbours`. */
export const NEIGHBOURS_OPTIONS = {
  model: { value: "DIR", help: "a model that `sluice train --data imdb` saved" },
  archive: { value: "PATH|URL", help: "Stanford's aclImdb_v1.tar.gz; or set SLUICE_IMDB" },
  k: { value: "N", help: "how many neighbours vote (15)" },
  pooling: { value: "NAME", help: "last, mean or max of the states (last)" },
  limit: { value: "N", help: "at most N reviews to learn from and N to judge, both classes alike" },
  runtime: { value: "NAME", help: "node or deno (node)" },
  ...COMMON,
} as const satisfies OptionTable;

/**
 * What `sluice neighbours` was told.
 * @throws UsageError naming the option that is wrong or missing.
 */
export function parseNeighbours(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): NeighboursArguments {
  const values = readOptions("neighbours", words, NEIGHBOURS_OPTIONS);
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
