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
   * The directory to save to. Placeholders `{epoch}` (from 1), `{batch}` and `{<result>}` are replaced; they may have a
   * Python format: "runs/{epoch:02d}-{valLoss:.3f}". Without placeholders, each save replaces the previous one.
   */
  readonly directory: string;
  /** Whether to save only if the monitored result is the best so far. */
  readonly saveBestOnly?: boolean;
  /** When to save: after every epoch ("epoch"), or every n steps for a number n. Default: "epoch". */
  readonly saveFreq?: "epoch" | number;
  /** With `saveBestOnly`, the value that the first save must improve on. */
  readonly initialValueThreshold?: number | null;
  /** Receives the files instead of a directory, for browsers: to download or store them. */
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

/** A `modelCheckpoint` callback. */
export interface ModelCheckpoint extends Callback {
  /** The directory of the last save. */
  readonly lastDirectory: string | undefined;
  readonly best: number;
}

interface CheckpointState {
  readonly best: number | null;
  readonly steps: number;
}

/**
 * Saves the model while it trains (https://keras.io/api/callbacks/model_checkpoint/), with the training state:
 * `loadModel` and `fit({ resume: true })` continue from it. As with `model.save`, an existing save is replaced only
 * once the new one is complete.
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
    // Only finding the best step requires the results of every step.
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

/** Replaces `{name}`, `{name:02d}` and `{name:.3f}`. */
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
