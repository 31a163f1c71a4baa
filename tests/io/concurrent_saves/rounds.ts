/** Rounds in which several save into one directory at once while another reads. */
import { tally } from "../../support/tally.ts";

/** How many rounds of each kind. */
export const ROUNDS = Number(process.env.SLUICE_SAVE_ROUNDS ?? 15);

/** What a kind of round does. */
export interface Rounds {
  /** For the table of `npm run test:long`. */
  readonly what: string;
  /** Two saves at once, of these values; resolves when both are done. */
  readonly save: (first: number, second: number) => Promise<unknown>;
  /** The value in the directory. @throws when it cannot be loaded, or is half a save. */
  readonly load: () => Promise<number>;
}

/**
 * Saves two values at once in each round, reads all the while, and reads once more at the round's end: every read must
 * give a whole save, the last one of the round's own.
 * @returns what went wrong, one line for each.
 */
export async function runRounds({ what, save, load }: Rounds): Promise<string[]> {
  const problems: string[] = [];
  await save(1, 2);
  let [loads, lost] = [0, 0];
  for (let round = 1; round <= ROUNDS; round++) {
    const before = problems.length;
    const complain = (problem: string) => problems.push(`round ${round}: ${problem}`);
    const expectValue = async (when: string, ...expected: readonly number[]) => {
      try {
        const value = await load();
        if (!expected.includes(value)) complain(`${when}, got ${value}; expected one of ${expected.join(", ")}`);
      } catch (error) {
        complain(`${when}, ${error}`);
      }
    };
    const [first, second] = [2 * round + 1, 2 * round + 2];
    let isSaving = true;
    const read = async () => {
      for (; isSaving; loads++) {
        await expectValue("while saving", first - 2, first - 1, first, second);
        await new Promise((resolve) => setTimeout(resolve));
      }
    };
    const reading = read();
    await save(first, second).catch((error) => complain(`a save failed: ${error}`));
    isSaving = false;
    await reading;
    await expectValue("after both saves", first, second);
    if (problems.length > before) lost++;
  }
  tally({ what, tried: ROUNDS, lost, note: `${loads} loads meanwhile` });
  return problems;
}
