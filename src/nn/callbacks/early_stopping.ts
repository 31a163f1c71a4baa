import type { NdArray } from "../../core/nd_array.ts";
import { count, finite, flag, optional, readOptions, withDefault } from "../../core/option_table.ts";
import type { Callback } from "./callback.ts";
import { finiteOrNull, MONITOR, Monitor, type MonitorOptions } from "./monitor.ts";

/** Options of `earlyStopping`. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** The number of epochs without improvement before training stops. Default: 0. */
  readonly patience?: number;
  /** The value that the result must improve on from the start. */
  readonly baseline?: number | null;
  /** Whether to restore the weights of the best epoch at the end. */
  readonly restoreBestWeights?: boolean;
  /** Epochs before this one (from 0) do not count. */
  readonly startFromEpoch?: number;
}

const EARLY_STOPPING = {
  patience: withDefault(count, 0),
  baseline: optional(finite),
  restoreBestWeights: withDefault(flag, false),
  startFromEpoch: withDefault(count, 0),
  ...MONITOR,
};

/** An `earlyStopping` callback. */
export interface EarlyStopping extends Callback {
  /** The epoch (from 0) after which it stopped training; undefined if it did not. */
  readonly stoppedEpoch: number | undefined;
  /** The best epoch so far (from 0). */
  readonly bestEpoch: number;
  readonly best: number;
}

interface Counters {
  readonly best: number | null;
  readonly bestEpoch: number;
  readonly wait: number;
}

/**
 * Stops training when a result stops improving (https://keras.io/api/callbacks/early_stopping/).
 *
 * @example
 * await model.fit(train, { epochs: 100, validationSplit: 0.2, callbacks: [earlyStopping({ patience: 3,
 * restoreBestWeights: true })] });
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): EarlyStopping {
  const name = "earlyStopping";
  const given = readOptions(name, EARLY_STOPPING, options);
  const { baseline, restoreBestWeights, patience, startFromEpoch } = given;
  const monitor = new Monitor(name, given);
  let [best, bestEpoch, wait] = [monitor.worst, 0, 0];
  let stoppedEpoch: number | undefined;
  let bestWeights: readonly NdArray[] | undefined;
  return {
    name,
    get stoppedEpoch() {
      return stoppedEpoch;
    },
    get bestEpoch() {
      return bestEpoch;
    },
    get best() {
      return best;
    },
    onTrainBegin(training) {
      monitor.begin(training);
      [best, bestEpoch, wait] = [monitor.worst, 0, 0];
      stoppedEpoch = undefined;
      bestWeights = undefined;
    },
    async onEpochEnd(epoch, logs, training) {
      const current = monitor.of(logs);
      if (current === undefined || epoch < startFromEpoch) return;
      const isBest = monitor.isBetter(current, best);
      if (restoreBestWeights && (isBest || bestWeights === undefined)) {
        bestWeights = await training.weights();
        bestEpoch = epoch;
      }
      wait++;
      if (isBest) {
        [best, bestEpoch] = [current, epoch];
        if (baseline === null || monitor.isBetter(current, baseline)) wait = 0;
      } else if (wait >= patience && epoch > 0) {
        stoppedEpoch = epoch;
        training.stop();
      }
    },
    onTrainEnd(_logs, training) {
      if (bestWeights !== undefined) training.setWeights(bestWeights);
    },
    state: () => ({
      json: { best: finiteOrNull(best), bestEpoch, wait } satisfies Counters,
      ...(bestWeights === undefined ? {} : { arrays: bestWeights }),
    }),
    restore({ json, arrays }) {
      const kept = json as unknown as Counters;
      [best, bestEpoch, wait] = [kept.best ?? monitor.worst, kept.bestEpoch, kept.wait];
      bestWeights = arrays !== undefined && arrays.length > 0 ? arrays : undefined;
    },
  };
}
