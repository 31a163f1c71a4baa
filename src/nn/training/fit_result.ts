/** What `fit` returns. */
import type { CurvesOptions } from "../report/curves_svg.ts";
import type { EpochRecord } from "./training_state.ts";

/** A loss of the device after which a training run went on. */
export interface Recovery {
  /** `"destroyed"` or `"unknown"`. */
  readonly reason: string;
  /** The steps of the model's life that were kept: those after them were taken again. */
  readonly lastStep: number;
  /** The adapter on which it went on. Another one may round differently. */
  readonly adapter: string;
}

/** What a training run did on the GPU, as numbers. */
export interface TrainingStatistics {
  readonly steps: number;
  readonly dispatchesPerStep: number;
  /** Dispatches per step beyond these that only the watchdog limit forces. */
  readonly extraChunksPerStep: number;
  /**
   * In how many micro-batches a batch goes through the model: 1, unless it would pass a limit of the device or
   * `microBatchSize` is given.
   */
  readonly microBatchesPerStep: number;
  readonly submitsPerStep: number;
  readonly readbacks: number;
  readonly peakGpuBytes: number;
}

/** The training run that ended. */
export interface History {
  /** One list per result, one number per epoch: `history.loss`, `history.valAccuracy`. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly epochs: readonly EpochRecord[];
  readonly statistics: TrainingStatistics;
  /** The losses of the device after which the run went on by itself; none as a rule. */
  readonly recoveries: readonly Recovery[];
  /**
   * Loss and metrics over the epochs, in training and validation, as a picture: an SVG document for light and dark
   * pages. The code that draws is loaded when it is asked for.
   * @example
   * const history = await model.fit(train, { epochs: 10, validationData: test });
   * await writeFile("run.svg", await history.toSvg({ title: "Reviews, 100 units" }));
   */
  toSvg(options?: CurvesOptions): Promise<string>;
}

/** The history of a run. A class: its method does not stand in the way of `structuredClone` and `postMessage`. */
export class RunHistory implements History {
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly epochs: readonly EpochRecord[];
  readonly statistics: TrainingStatistics;
  readonly recoveries: readonly Recovery[];

  constructor(epochs: readonly EpochRecord[], statistics: TrainingStatistics, recoveries: readonly Recovery[]) {
    this.history = listsByName(epochs);
    this.epochs = epochs;
    this.statistics = statistics;
    this.recoveries = recoveries;
  }

  async toSvg(options?: CurvesOptions): Promise<string> {
    const { curvesSvg } = await import("../report/curves_svg.ts");
    return curvesSvg(this.epochs, options);
  }
}

/** For each result its values, one for each epoch that has it. */
function listsByName(records: readonly EpochRecord[]): Record<string, number[]> {
  const lists: Record<string, number[]> = {};
  for (const [name, value] of records.flatMap(({ logs }) => Object.entries(logs))) {
    const list = lists[name] ?? [];
    list.push(value);
    lists[name] = list;
  }
  return lists;
}
