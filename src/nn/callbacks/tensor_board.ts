import { ValueError } from "../../core/errors.ts";
import { count, either, flag, oneOf, positive, readOptions, text, withDefault } from "../../core/option_table.ts";
import { hasNodeModules } from "../../platform/file_system.ts";
import type { Callback } from "./callback.ts";
import { loadedCallback } from "./loaded_callback.ts";

/** Options of `tensorBoard`. */
export interface TensorBoardOptions {
  /** The folder of this training run. Default: "logs". Use a separate folder for each run. */
  readonly logDir?: string;
  /** Also writes results during epochs: "batch" for every step, or every n steps for a number n. Default: "epoch". */
  readonly updateFreq?: "epoch" | "batch" | number;
  /** Writes histograms of the weights every n epochs; 0 disables them. Default: 0. */
  readonly histogramFreq?: number;
  /** Whether to keep the files in `files` instead of writing them, for web pages, which have no folders. */
  readonly inMemory?: boolean;
}

const TENSOR_BOARD = {
  logDir: withDefault(text, "logs"),
  updateFreq: withDefault(either(oneOf(["epoch", "batch"]), positive), "epoch"),
  histogramFreq: withDefault(count, 0),
  inMemory: withDefault(flag, false),
};

/** A `tensorBoard` callback. */
export interface TensorBoard extends Callback {
  /** The files' bytes by path, such as "logs/train/events.out.tfevents.…"; only with `inMemory`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Writes a training run for TensorBoard (https://keras.io/api/callbacks/tensorboard/), with Keras's folders and tags:
 * in `train/` and `validation/` of `logDir`, for each epoch (from 0) `epoch_loss`, `epoch_accuracy` and so on, and
 * `epoch_learning_rate`; in `validation/` also `evaluation_loss_vs_iterations`, indexed by the model's step count; with
 * `updateFreq`, `batch_loss`, indexed likewise; with `histogramFreq`, `lstm/kernel/histogram` and so on for each
 * weight. Each run writes new files. Every hook appends its data before it returns, so that the files of a killed run
 * are readable. After `resume` or a device loss, TensorBoard is told to discard the steps that are repeated.
 * `updateFreq` reads loss and metrics back from the GPU at these steps, see `batchLogs`.
 * @throws ValueError on a web page, which has no folders, unless `inMemory` is set.
 *
 * @example
 * await model.fit(train, { epochs: 3, validationData: test, callbacks: [tensorBoard({ logDir: "logs/first" })] });
 * // then: tensorboard --logdir logs
 */
export function tensorBoard(options: TensorBoardOptions = {}): TensorBoard {
  const name = "tensorBoard";
  const { logDir, updateFreq, histogramFreq, inMemory } = readOptions(name, TENSOR_BOARD, options);
  if (!inMemory && !hasNodeModules()) {
    throw new ValueError(`${name}: a page has no folders; set inMemory: true, and read the callback's files`);
  }
  const stepFreq = updateFreq === "epoch" ? 0 : updateFreq === "batch" ? 1 : updateFreq;
  const files = new Map<string, Uint8Array>();
  const callback = loadedCallback(name, async () => {
    const { tensorBoardHooks } = await import("./tensor_board_hooks.ts");
    return tensorBoardHooks({ logDir, stepFreq, histogramFreq, files: inMemory ? files : undefined });
  });
  return { ...callback, batchLogs: stepFreq || false, files };
}
