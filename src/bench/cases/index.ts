/** The list of all cases, and their selection by name. */
import { ValueError } from "../../core/errors.ts";
import { flag, ifGiven, readOptions, type TableOf, text, withDefault } from "../../core/option_table.ts";
import type { BenchCase } from "../bench_case.ts";
import { lstmCases } from "./lstm.ts";
import { matmulCases } from "./matmul.ts";
import { memoryCases } from "./memory.ts";
import { modelCases } from "./model.ts";
import { searchCases } from "./search.ts";

/** All cases. */
export const CASES: readonly BenchCase[] = [
  ...matmulCases,
  ...lstmCases,
  ...memoryCases,
  ...searchCases,
  ...modelCases,
];

/** Which cases to run. */
export interface CaseSelection {
  /**
   * Words that must all occur in a case's name, ignoring case. Commas separate several filters, one of which must
   * match.
   */
  readonly filter?: string | undefined;
  /** Include the cases outside the default set. A filter searches all of them. */
  readonly all?: boolean;
}

const SELECTION = { filter: ifGiven(text), all: withDefault(flag, false) } satisfies TableOf<CaseSelection>;

/**
 * The selected cases.
 * @throws ValueError when a filter matches none; it names the groups of cases.
 */
export function selectCases(options: CaseSelection = {}): readonly BenchCase[] {
  const { filter, all } = readOptions("selectCases", SELECTION, options);
  if (filter === undefined) return CASES.filter((one) => all || one.isDefault);
  const found = new Set(filter.split(",").flatMap((words) => casesOf(words, all)));
  if (found.size === 0) {
    const groups = [...new Set(CASES.map(({ group }) => group))].join(", ");
    throw new ValueError(`no case is called "${filter}"; there are cases of ${groups}`, { filter });
  }
  return CASES.filter((one) => found.has(one));
}

/** The cases that contain all words; unless `all`, only those of the default set if there are any. */
function casesOf(words: string, all: boolean): readonly BenchCase[] {
  const parts = words.toLowerCase().trim().split(/\s+/);
  const found = CASES.filter(({ name }) => parts.every((word) => holds(name.toLowerCase(), word)));
  const usual = found.filter(({ isDefault }) => isDefault);
  return all || usual.length === 0 ? found : usual;
}

/** True if a name contains a word, but not as part of a number: `b1` does not match `lstm b16`. */
function holds(name: string, word: string): boolean {
  for (let at = name.indexOf(word); at !== -1; at = name.indexOf(word, at + 1)) {
    const isCut = (side: string, edge: string) => /\d/.test(side) && /\d/.test(edge);
    const [before, after] = [name.charAt(at - 1), name.charAt(at + word.length)];
    if (!isCut(before, word.charAt(0)) && !isCut(after, word.charAt(word.length - 1))) return true;
  }
  return false;
}
