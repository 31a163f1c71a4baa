/** All cases, and finding them by name. */
import { ValueError } from "../../core/errors.ts";
import type { BenchCase } from "../bench_case.ts";
import { lstmCases } from "./lstm.ts";
import { matmulCases } from "./matmul.ts";
import { memoryCases } from "./memory.ts";
import { modelCases } from "./model.ts";
import { searchCases } from "./search.ts";

/** Every case there is. */
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
   * Words that a case's name must all hold, case aside; several filters are joined by commas, and one of them suffices.
   */
  readonly filter?: string | undefined;
  /** Also those outside the default set. A filter looks at all of them. */
  readonly all?: boolean;
}

/**
 * The cases that are asked for.
 * @throws ValueError when a filter fits none, naming the groups there are.
 */
export function selectCases({ filter, all = false }: CaseSelection = {}): readonly BenchCase[] {
  if (filter === undefined) return CASES.filter((one) => all || one.isDefault);
  const found = new Set(filter.split(",").flatMap((words) => casesOf(words, all)));
  if (found.size === 0) {
    const groups = [...new Set(CASES.map(({ group }) => group))].join(", ");
    throw new ValueError(`no case is called "${filter}"; there are cases of ${groups}`, { filter });
  }
  return CASES.filter((one) => found.has(one));
}

/** The cases that hold all the words; where usual ones do, only those, unless `all`. */
function casesOf(words: string, all: boolean): readonly BenchCase[] {
  const parts = words.toLowerCase().trim().split(/\s+/);
  const found = CASES.filter(({ name }) => parts.every((word) => holds(name.toLowerCase(), word)));
  const usual = found.filter(({ isDefault }) => isDefault);
  return all || usual.length === 0 ? found : usual;
}

/** Whether a name holds a word, not in the middle of a number: `b1` is not in `lstm b16`. */
function holds(name: string, word: string): boolean {
  for (let at = name.indexOf(word); at !== -1; at = name.indexOf(word, at + 1)) {
    const isCut = (side: string, edge: string) => /\d/.test(side) && /\d/.test(edge);
    const [before, after] = [name.charAt(at - 1), name.charAt(at + word.length)];
    if (!isCut(before, word.charAt(0)) && !isCut(after, word.charAt(word.length - 1))) return true;
  }
  return false;
}
