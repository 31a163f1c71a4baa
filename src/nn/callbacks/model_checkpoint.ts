import { ValueError } from "../../core/errors.ts";
import {
  either,
  finite,
  flag,
  type OptionKind,
  oneOf,
  optional,
  positive,
  readOptions,
  required,
  withDefault,
} from "../../core/option_table.ts";
import type { Logs } from "../metrics/logs.ts";
import type { Callback, Training } from "./callback.ts";
import { finiteOrNull, MONITOR, Monitor, type MonitorOptions } from "./monitor.ts";

/** Options of `modelCheckpoint`. */
export interface ModelCheckpointOptions extends Omit<MonitorOptions, "minDelta"> {
  /**
   * Where to save. `{epoch}` (from 1), `{batch}` and names of results in braces are filled in, with a format as
   * Python's if need be: "runs/{epoch:02d}-{valLoss:.3f}". Without such, a save takes the place of the one before.
   */
  readonly directory: string;
  /** Saves only what is better than anything before. */
  readonly saveBestOnly?: boolean;
  /** After every epoch ("epoch", when absent), or after every so many steps. */
  readonly saveFreq?: "epoch" | number;
  /** With `saveBestOnly`, only what is better than this is saved. */
  readonly initialValueThreshold?: number | null;
  /** Takes the files in place of a directory: for a browser, to download or to keep. */
  readonly write?: (directory: string, files: ReadonlyMap<string, Uint8Array>) => void | Promise<void>;
}

const pathKind: OptionKind<string> = {
  expected: 'a path, such as "runs/best"',
  read: (value) => (typeof value === "string" && value !== "" ? value : undefined),
};

const writeKind: OptionKind<NonNullable<ModelCheckpointOptions["write"]>> = {
  expected: "a function",
  read: (value) => (typeof value === "function" ? (...given) => value(...given) : undefined),
};

const CHECKPOINT = {
  directory: required(pathKind),
  saveBestOnly: withDefault(flag, false),
  saveFreq: withDefault(either(oneOf(["epoch"]), positive), "epoch"),
  initialValueThreshold: optional(finite),
  write: optional(writeKind),
  monitor: MONITOR.monitor,
  mode: MONITOR.mode,
};

/** What can be asked of a `modelCheckpoint`. */
export interface ModelCheckpoint extends Callback {
  /** Where it saved last. */
  readonly lastDirectory: string | undefined;
  readonly best: number;
}

interface CheckpointState {
  readonly best: number | null;
  readonly steps: number;
}

/**
 * Saves the model while it trains (https://keras.io/api/callbacks/model_checkpoint/), with the training's state:
 * `loadModel` and `fit({ resume: true })` go on from there. As with `model.save`, an old save stays whole until the new
 * one is.
 *
 * @example
 * callbacks: [modelCheckpoint({ directory: "runs/last" }), modelCheckpoint({ directory: "runs/best", saveBestOnly: true
 * })];
 */
export function modelCheckpoint(options: ModelCheckpointOptions): ModelCheckpoint {
  const name = "modelCheckpoint";
  const given = readOptions(name, CHECKPOINT, options);
  const { directory, saveBestOnly, saveFreq, initialValueThreshold, write } = given;
  const monitor = new Monitor(name, { ...given, minDelta: 0 });
  let [best, steps, epochNow] = [monitor.worst, 0, 0];
  let lastDirectory: string | undefined;

  async function save(training: Training, logs: Logs, numbers: Logs): Promise<void> {
    if (saveBestOnly) {
      const current = monitor.of(logs);
      if (current === undefined || !monitor.isBetter(current, best)) return;
      best = current;
    }
    const path = fill(directory, { ...logs, ...numbers });
    if (write === null) await training.save(path);
    else await write(path, await training.toFiles());
    lastDirectory = path;
  }

  return {
    name,
    // Only the best of steps needs the results of every step.
    batchLogs: saveBestOnly && saveFreq !== "epoch",
    get lastDirectory() {
      return lastDirectory;
    },
    get best() {
      return best;
    },
    onTrainBegin(training) {
      if (saveBestOnly) monitor.begin(training);
      [best, steps] = [initialValueThreshold ?? monitor.worst, 0];
    },
    onEpochBegin(epoch) {
      epochNow = epoch;
    },
    async onEpochSettled(epoch, logs, training) {
      epochNow = epoch + 1;
      if (saveFreq === "epoch") await save(training, logs, { epoch: epoch + 1 });
    },
    async onBatchEnd(batch, logs, training) {
      if (saveFreq === "epoch" || ++steps < saveFreq) return;
      steps = 0;
      await save(training, logs, { epoch: epochNow + 1, batch: batch + 1 });
    },
    state: () => ({ json: { best: finiteOrNull(best), steps } satisfies CheckpointState }),
    restore({ json }) {
      const kept = json as unknown as CheckpointState;
      [best, steps] = [kept.best ?? best, kept.steps];
    },
  };
}

/** Fills `{name}`, `{name:02d}` and `{name:.3f}`. */
function fill(pattern: string, values: Logs): string {
  return pattern.replace(
    /\{(\w+(?:\[\d+\])?)(?::(0?)(\d*)(?:\.(\d+))?([df]?))?\}/g,
    (_, name: string, zero, width, digits) => {
      const value = values[name];
      if (value === undefined) {
        throw new ValueError(
          `modelCheckpoint: directory names {${name}}; expected one of ${Object.keys(values).join(", ")}`,
          { directory: pattern },
        );
      }
      const text = digits === undefined || digits === "" ? String(value) : value.toFixed(Number(digits));
      return text.padStart(Number(width || 0), zero === "0" ? "0" : " ");
    },
  );
}
