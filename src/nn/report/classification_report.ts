import { count, readOptions, withDefault } from "../../core/option_table.ts";
import { CLASS_OPTIONS, type ClassesLike, type ClassOptions, readExamples } from "./classes.ts";
import { countPairs } from "./confusion_matrix.ts";

/** Options of `classificationReport`. */
export interface ReportOptions extends ClassOptions {
  /** The number of decimals in the printed table. Default: 2. */
  readonly digits?: number | undefined;
}

/** More decimals than any float64 needs. */
const MOST_DIGITS = 20;

const REPORT = { ...CLASS_OPTIONS, digits: withDefault(count, 2) };

/** The scores of a class, or their average over classes. */
export interface ClassScores {
  /** The fraction of examples predicted as this class that belong to it: TP / (TP + FP); 0 if none were. */
  readonly precision: number;
  /** The fraction of this class's examples that were predicted as it: TP / (TP + FN); 0 if it has none. */
  readonly recall: number;
  /** The harmonic mean of both: 2 TP / (2 TP + FP + FN); 0 if the class neither occurs nor is predicted. */
  readonly f1Score: number;
  /** The number of examples whose true class this is. */
  readonly support: number;
}

/** Precision, recall and F1 of each class. */
export class ClassificationReport {
  /** The scores by class index. */
  readonly classes: readonly (ClassScores & { readonly label: string })[];
  /** The fraction of examples that were predicted correctly. */
  readonly accuracy: number;
  /** The unweighted mean over the classes. */
  readonly macroAverage: ClassScores;
  /** The mean over the classes, weighted by support. */
  readonly weightedAverage: ClassScores;
  readonly #digits: number;

  constructor(labels: readonly string[], counts: readonly (readonly number[])[], digits: number) {
    const countAt = (row: number, column: number) => counts[row]?.[column] ?? 0;
    const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
    const scores = labels.map((label, place) => {
      const hits = countAt(place, place);
      const support = sum(counts[place] ?? []);
      const predicted = sum(labels.map((_, row) => countAt(row, place)));
      return {
        label,
        precision: ratio(hits, predicted),
        recall: ratio(hits, support),
        f1Score: ratio(2 * hits, support + predicted),
        support,
      };
    });
    const total = sum(scores.map(({ support }) => support));
    const average = (weightOf: (scores: ClassScores) => number): ClassScores => {
      const mean = (of: (scores: ClassScores) => number) => sum(scores.map((each) => weightOf(each) * of(each)));
      return {
        precision: mean(({ precision }) => precision),
        recall: mean(({ recall }) => recall),
        f1Score: mean(({ f1Score }) => f1Score),
        support: total,
      };
    };
    this.classes = scores;
    this.accuracy = ratio(sum(labels.map((_, place) => countAt(place, place))), total);
    this.macroAverage = average(() => 1 / labels.length);
    this.weightedAverage = average(({ support }) => support / total);
    this.#digits = digits;
  }

  /** Formats a table like scikit-learn's. */
  toString(): string {
    const averages = [
      { label: "macro avg", ...this.macroAverage },
      { label: "weighted avg", ...this.weightedAverage },
    ];
    const width = Math.max(...[...this.classes, ...averages].map(({ label }) => label.length));
    const line = (label: string, cells: readonly (string | number)[]) =>
      `${label.padStart(width)} ${cells.map((cell) => ` ${String(cell).padStart(9)}`).join("")}`;
    const number = (value: number) => value.toFixed(Math.min(this.#digits, MOST_DIGITS));
    const scoreLine = ({ label, precision, recall, f1Score, support }: ClassScores & { readonly label: string }) =>
      line(label, [number(precision), number(recall), number(f1Score), support]);
    return [
      line("", ["precision", "recall", "f1-score", "support"]),
      "",
      ...this.classes.map(scoreLine),
      "",
      line("accuracy", ["", "", number(this.accuracy), this.macroAverage.support]),
      ...averages.map(scoreLine),
    ].join("\n");
  }
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/**
 * Precision, recall, F1 and support of each class, accuracy, and the averages over the classes
 * (https://scikit-learn.org/stable/modules/generated/sklearn.metrics.classification_report.html). Takes the same
 * arguments as `confusionMatrix`. As in scikit-learn, 0 / 0 counts as 0.
 * @throws ShapeError, ValueError as `confusionMatrix`.
 * @example
 * const report = classificationReport(test.y, await model.predict(test.x), { labels: ["negative", "positive"] });
 * console.log(`${report}`); // a table
 * console.log(report.classes[1]?.recall, report.macroAverage.f1Score);
 */
export function classificationReport(
  yTrue: ClassesLike,
  yPred: ClassesLike,
  options: ReportOptions = {},
): ClassificationReport {
  const what = "classificationReport";
  const given = readOptions(what, REPORT, options);
  const { labels, pairs } = readExamples(what, yTrue, yPred, given.labels);
  return new ClassificationReport(labels, countPairs(labels.length, pairs), given.digits);
}
