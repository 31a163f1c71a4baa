/** Reads the visitor's table of texts, each labelled as praise or blame. */
import { FormatError } from "sluice";
import { readTextTable } from "sluice/tables";

/** A text, and 1 for praise or 0 for blame. */
export interface JudgedText {
  readonly text: string;
  readonly label: 0 | 1;
}

/** The fewest rows; with fewer, none could be held out. */
const FEWEST_ROWS = 20;

const LABELS: ReadonlyMap<string, 0 | 1> = new Map([
  ...["1", "1.0", "positive", "pos", "praise", "true", "yes", "good"].map((name) => [name, 1] as const),
  ...["0", "0.0", "-1", "negative", "neg", "blame", "false", "no", "bad"].map((name) => [name, 0] as const),
]);

/**
 * Reads a file of texts and labels.
 * @throws FormatError naming file and line when a row has no text or label, when there are not two labels, or too few
 * rows of one.
 */
export async function readJudgedTexts(file: File): Promise<JudgedText[]> {
  const { name } = file;
  const rows = (await readTextTable(file)).map(({ text, label, line }): JudgedText => {
    const known = LABELS.get(label.toLowerCase());
    if (known !== undefined) return { text, label: known };
    throw new FormatError(
      `${name}, line ${line}: the label is ${JSON.stringify(label.slice(0, 60))}; expected 0 or 1, negative or ` +
        "positive",
      { line },
    );
  });
  const counted = (count: number, kind: string): string => `${count} ${kind} ${count === 1 ? "text" : "texts"}`;
  if (rows.length < FEWEST_ROWS) {
    throw new FormatError(`${name} has ${counted(rows.length, "different")}; expected at least ${FEWEST_ROWS}`);
  }
  for (const label of [0, 1] as const) {
    const count = rows.filter((row) => row.label === label).length;
    if (count >= FEWEST_ROWS / 4) continue;
    const kind = label === 1 ? "positive" : "negative";
    throw new FormatError(`${name} has ${counted(count, kind)}; expected at least ${FEWEST_ROWS / 4} of either kind`);
  }
  return rows;
}
