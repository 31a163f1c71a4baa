import { ValueError } from "../../core/errors.ts";
import { count, either, flag, oneOf, positive, readOptions, text, withDefault } from "../../core/option_table.ts";
import { hasNodeModules } from "../../platform/file_system.ts";
import type { Callback } from "./callback.ts";
import { loadedCallback } from "./loaded_callback.ts";

/** Options of `tensorBoard`. */
export interface TensorBoardOptions {
  /** The folder of this training run. Default: "logs". Runs that are to be told apart need a folder each. */
  readonly logDir?: string;
  /** Also writes the results of every step ("batch"), or of every so many steps. Default: "epoch". */
  readonly updateFreq?: "epoch" | "batch" | number;
  /** Writes how the weights are distributed, after every so many epochs from the first on. Default: 0, never,. */
  readonly histogramFreq?: number;
  /** Keeps the files in `files` instead of writing them: for a page, which has no folders. */
  readonly inMemory?: boolean;
}

const TENSOR_BOARD = {
  logDir: withDefault(text, "logs"),
  updateFreq: withDefault(either(oneOf(["epoch", "batch"]), positive), "epoch"),
  histogramFreq: withDefault(count, 0),
  inMemory: withDefault(flag, false),
};

/** What can be asked of a `tensorBoard`. */
export interface TensorBoard extends Callback {
  /** The files' bytes by path, such as "logs/train/events.out.tfevents.…"; only with `inMemory`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Writes a training run for TensorBoard (https://keras.io/api/callbacks/tensorboard/), with Keras's folders and tags:
 * in `train/` and `validation/` of `logDir`, for each epoch (from 0) `epoch_loss`, `epoch_accuracy` and so on, and
 * `epoch_learning_rate`; in `validation/` also `evaluation_loss_vs_iterations` by the steps of the model's life; with
 * `updateFreq`, `batch_loss` by those steps; with `histogramFreq`, `lstm/kernel/histogram` of each weight.
 * Each run begins files of its own. What a hook wrote is at the end of its file when the hook is done, so that a killed
 * run leaves files that can be read. A run that is resumed, or goes on after a loss of the device, has TensorBoard
 * leave out the steps that it takes again.
 * `updateFreq` reads loss and metrics back from the GPU at these steps, see `batchLogs`.
 * @throws ValueError if there are no folders (in a page), unless `inMemory`.
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
