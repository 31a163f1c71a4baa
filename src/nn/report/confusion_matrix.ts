import { readOptions } from "../../core/option_table.ts";
import { CLASS_OPTIONS, type ClassesLike, type ClassOptions, readExamples } from "./classes.ts";
import type { MatrixOptions } from "./matrix_svg.ts";

/** A confusion matrix. */
export class ConfusionMatrix {
  /** The class names. */
  readonly labels: readonly string[];
  /** `counts[i][j]`: examples of class i that were predicted as class j. */
  readonly counts: readonly (readonly number[])[];

  constructor(labels: readonly string[], counts: readonly (readonly number[])[]) {
    this.labels = labels;
    this.counts = counts;
  }

  /** Formats a table with a row for each true class and a column for each predicted class. */
  toString(): string {
    const head = ["true \\ predicted", ...this.labels];
    const rows = [head, ...this.counts.map((row, place) => [this.labels[place] ?? "", ...row.map(String)])];
    const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
    const padded = (cell: string, column: number) => cell[column === 0 ? "padEnd" : "padStart"](widths[column] ?? 0);
    return rows.map((row) => row.map(padded).join("  ")).join("\n");
  }

  /**
   * Draws the matrix as an SVG document for light and dark pages: each cell shows its count and its fraction of the
   * true class, and is shaded by that fraction. The drawing code is imported on demand.
   * @example
   * await writeFile("confusion.svg", await matrix.toSvg({ title: "Test reviews" }));
   */
  async toSvg(options: MatrixOptions = {}): Promise<string> {
    const { matrixSvg } = await import("./matrix_svg.ts");
    return matrixSvg(this.labels, this.counts, options);
  }
}

/**
 * Computes a confusion matrix
 * (https://scikit-learn.org/stable/modules/generated/sklearn.metrics.confusion_matrix.html). Predictions may be the
 * result of `model.predict`: for `[N, C]`, the class with the largest probability; for `[N, 1]`, the second class if
 * the probability is above 0.5.
 * @throws ShapeError unless yTrue and yPred have the same number of examples, at least one.
 * @throws ValueError for an invalid class, or labels that do not match.
 * @example
 * const matrix = confusionMatrix(test.y, await model.predict(test.x), { labels: ["negative", "positive"] });
 * console.log(`${matrix}`);
 * const [[trueNegatives, falsePositives] = []] = matrix.counts;
 */
export function confusionMatrix(yTrue: ClassesLike, yPred: ClassesLike, options: ClassOptions = {}): ConfusionMatrix {
  const what = "confusionMatrix";
  const given = readOptions(what, CLASS_OPTIONS, options);
  const { labels, pairs } = readExamples(what, yTrue, yPred, given.labels);
  return new ConfusionMatrix(labels, countPairs(labels.length, pairs));
}

/** `[i][j]`: the number of pairs (i, j). */
export function countPairs(classes: number, pairs: readonly (readonly [number, number])[]): readonly number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [truth, predicted] of pairs) {
    const row = counts[truth];
    if (row !== undefined) row[predicted] = (row[predicted] ?? 0) + 1;
  }
  return counts;
}
