/** Callbacks that change the learning rate between epochs. */
import { ValueError } from "../../core/errors.ts";
import { isFiniteFloat32 } from "../../core/float32_check.ts";
import {
  count,
  finite,
  functionLike,
  nonNegative,
  rate,
  readOptions,
  readValue,
  withDefault,
} from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import type { Callback, Training } from "./callback.ts";
import { finiteOrNull, MONITOR, Monitor, type MonitorOptions } from "./monitor.ts";

/** The optimizer's rate. @throws ValueError if it follows a schedule. */
function settableRate(callback: string, { optimizer }: Training): number {
  const { learningRate } = optimizer;
  if (typeof learningRate === "number") return learningRate;
  throw new ValueError(
    `${callback}: the optimizer's learning rate follows ${learningRate.config.name}; create it with a ` +
      "number, or omit this callback",
    { schedule: learningRate.config.name },
  );
}

/** Options of `reduceLrOnPlateau`. */
export interface ReduceLrOnPlateauOptions extends MonitorOptions {
  /** The factor by which the rate is multiplied. Default: 0.1. */
  readonly factor?: number;
  /** Epochs without improvement before the rate is reduced. Default: 10. */
  readonly patience?: number;
  /** The number of epochs after a reduction to ignore. Default: 0. */
  readonly cooldown?: number;
  /** The lower bound of the rate. Default: 0. */
  readonly minLr?: number;
}

const PLATEAU = {
  factor: withDefault(rate, 0.1),
  patience: withDefault(count, 10),
  cooldown: withDefault(count, 0),
  minLr: withDefault(nonNegative, 0),
  ...MONITOR,
  minDelta: withDefault(finite, 1e-4),
};

interface PlateauCounters {
  readonly best: number | null;
  readonly wait: number;
  readonly cooling: number;
}

/**
 * Lowers the learning rate when a result stops improving (https://keras.io/api/callbacks/reduce_lr_on_plateau/).
 * `minDelta` defaults to 0.0001. Adds `learningRate` to the logs.
 */
export function reduceLrOnPlateau(options: ReduceLrOnPlateauOptions = {}): Callback {
  const name = "reduceLrOnPlateau";
  const given = readOptions(name, PLATEAU, options);
  const { factor, minLr, patience, cooldown } = given;
  const monitor = new Monitor(name, given);
  let [best, wait, cooling] = [monitor.worst, 0, 0];
  return {
    name,
    onTrainBegin(training) {
      settableRate(name, training);
      monitor.begin(training);
      [best, wait, cooling] = [monitor.worst, 0, 0];
    },
    onEpochEnd(_epoch, logs, training) {
      const rate = settableRate(name, training);
      logs.learningRate = rate;
      const current = monitor.of(logs);
      if (current === undefined) return;
      if (cooling > 0) [cooling, wait] = [cooling - 1, 0];
      if (monitor.isBetter(current, best)) {
        [best, wait] = [current, 0];
      } else if (cooling === 0) {
        wait++;
        if (wait >= patience && rate > Math.fround(minLr)) {
          training.optimizer.learningRate = Math.max(rate * factor, minLr);
          [cooling, wait] = [cooldown, 0];
        }
      }
    },
    state: () => ({ json: { best: finiteOrNull(best), wait, cooling } satisfies PlateauCounters }),
    restore({ json }) {
      const kept = json as unknown as PlateauCounters;
      [best, wait, cooling] = [kept.best ?? monitor.worst, kept.wait, kept.cooling];
    },
  };
}

/**
 * Sets the learning rate at the start of each epoch (from 0) to a function of the epoch and the current rate
 * (https://keras.io/api/callbacks/learning_rate_scheduler/). The logs get `learningRate`.
 *
 * @example
 * learningRateScheduler((epoch, rate) => (epoch < 10 ? rate : rate * 0.9));
 */
export function learningRateScheduler(schedule: (epoch: number, learningRate: number) => number): Callback {
  const name = "learningRateScheduler";
  readValue(name, "schedule", functionLike("(epoch, rate) => …"), schedule);
  return {
    name,
    onTrainBegin: (training) => void settableRate(name, training),
    onEpochBegin(epoch, training) {
      const rate = schedule(epoch, settableRate(name, training));
      if (!(isFiniteFloat32(rate) && rate >= 0)) {
        throw new ValueError(
          `${name}: the schedule returned ${shown(rate)} for epoch ${epoch}; expected a number ≥ 0 that is finite in ` +
            "float32",
          { epoch, rate },
        );
      }
      training.optimizer.learningRate = rate;
    },
    onEpochEnd(_epoch, logs, training) {
      logs.learningRate = settableRate(name, training);
    },
  };
}
