/** The result of `fit`. */
import type { CurvesOptions } from "../report/curves_svg.ts";
import type { EpochRecord } from "./training_state.ts";

/** A device loss that a training run recovered from. */
export interface Recovery {
  /** `"destroyed"` or `"unknown"`. */
  readonly reason: string;
  /** The model's step count in the restored snapshot; later steps were repeated. */
  readonly lastStep: number;
  /** The adapter on which training continued. A different adapter may round differently. */
  readonly adapter: string;
}

/** GPU statistics of a training run. */
export interface TrainingStatistics {
  readonly steps: number;
  readonly dispatchesPerStep: number;
  /** Additional dispatches per step that split long ones to stay within the watchdog limit. */
  readonly extraChunksPerStep: number;
  /** The number of micro-batches per batch: 1, unless a batch exceeds a device limit or `microBatchSize` is given. */
  readonly microBatchesPerStep: number;
  readonly submitsPerStep: number;
  readonly readbacks: number;
  readonly peakGpuBytes: number;
}

/** The results of a training run. */
export interface History {
  /** One list per result, one number per epoch: `history.loss`, `history.valAccuracy`. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly epochs: readonly EpochRecord[];
  readonly statistics: TrainingStatistics;
  /** The device losses that the run recovered from; usually empty. */
  readonly recoveries: readonly Recovery[];
  /**
   * Draws training and validation loss and metrics over the epochs as an SVG document for light and dark pages. The
   * drawing code is imported on demand.
   * @example
   * const history = await model.fit(train, { epochs: 10, validationData: test });
   * await writeFile("run.svg", await history.toSvg({ title: "Reviews, 100 units" }));
   */
  toSvg(options?: CurvesOptions): Promise<string>;
}

/** The history of a run. A class, because `structuredClone` and `postMessage` ignore prototype methods. */
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

/** The values of each result, one per epoch that has it. */
function listsByName(records: readonly EpochRecord[]): Record<string, number[]> {
  const lists: Record<string, number[]> = {};
  for (const [name, value] of records.flatMap(({ logs }) => Object.entries(logs))) {
    const list = lists[name] ?? [];
    list.push(value);
    lists[name] = list;
  }
  return lists;
}
