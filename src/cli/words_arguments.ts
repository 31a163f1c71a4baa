/** The arguments of `sluice words`. */
import { COMMON, choice, numbersOf, type OptionTable, parseOptions, textOf } from "./command_line.ts";
import { checkRange, checkWhole } from "./option_checks.ts";
import { UsageError } from "./usage_error.ts";

/** The parsed arguments of `sluice words`. */
export interface WordsArguments {
  /** A file with one text per line. Default: the archive of reviews. */
  readonly texts: string | undefined;
  readonly archive: string | undefined;
  readonly vectorSize: number;
  readonly window: number;
  readonly minCount: number;
  readonly negative: number;
  readonly sample: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly watch: readonly string[];
  readonly out: string;
  readonly runtime: "node" | "deno";
}

const NUMBERS = {
  vectorSize: 64,
  window: 8,
  minCount: 10,
  negative: 5,
  sample: 1e-4,
  epochs: 3,
  learningRate: 0.4,
  seed: 1,
} as const;
const WATCHED = "terrible,funny,actor";
const OUT = "runs/words.safetensors";

/** Options of `sluice words`. */
export const WORDS_OPTIONS = {
  texts: { value: "FILE", help: "a file with one training text in each line (the archive's training reviews)" },
  archive: { value: "PATH|URL", help: "Stanford's aclImdb_v1.tar.gz; or set SLUICE_IMDB" },
  "vector-size": { value: "N", help: `dimension of the vectors (${NUMBERS.vectorSize})` },
  window: { value: "N", help: `context window, in words (${NUMBERS.window})` },
  "min-count": { value: "N", help: `ignore words that occur less often (${NUMBERS.minCount})` },
  negative: { value: "N", help: `negative samples for each pair of words (${NUMBERS.negative})` },
  sample: { value: "SHARE", help: `subsample words with a larger share of the text (${NUMBERS.sample})` },
  epochs: { value: "N", help: `epochs (${NUMBERS.epochs})` },
  "learning-rate": { value: "RATE", help: `Adagrad's initial learning rate (${NUMBERS.learningRate})` },
  seed: { value: "N", help: `the same seed gives the same result on the same adapter (${NUMBERS.seed})` },
  watch: { value: "WORDS", help: `words whose nearest neighbours are shown, separated by commas (${WATCHED})` },
  out: {
    value: "FILE",
    help: `where to save the vectors: as safetensors, or as text if the name ends in .txt (${OUT})`,
  },
  runtime: { value: "NAME", help: "node or deno (node)" },
  ...COMMON,
} as const satisfies OptionTable;

/**
 * Parses the arguments of `sluice words`.
 * @throws UsageError that names the invalid option, or says that there are no texts.
 */
export function parseWords(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): WordsArguments {
  const values = parseOptions("words", argv, WORDS_OPTIONS);
  const names = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];
  const numbers = { ...NUMBERS, ...numbersOf(values, names) };
  for (const name of ["vectorSize", "window", "minCount", "epochs"] as const) checkWhole(name, numbers[name], 1);
  checkWhole("seed", numbers.seed, 0);
  for (const name of ["negative", "learningRate"] as const) checkRange(name, numbers[name], (x) => x > 0, "above 0");
  checkRange("sample", numbers.sample, (share) => share >= 0 && share < 1, "from 0 up to, but not including, 1");
  const texts = textOf(values, "texts");
  const archive = textOf(values, "archive") ?? (environment.SLUICE_IMDB || undefined);
  if (texts === undefined && archive === undefined) {
    throw new UsageError(
      "no texts were given; expected --texts FILE, or the review archive by --archive or SLUICE_IMDB",
    );
  }
  return {
    ...numbers,
    ...{ texts, archive, out: textOf(values, "out") ?? OUT },
    watch: (textOf(values, "watch") ?? WATCHED).split(",").map((word) => word.trim()),
    runtime: choice(values, "runtime", ["node", "deno"]) ?? "node",
  };
}
