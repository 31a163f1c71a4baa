import { type OptionKind, optional, readOptions } from "../../core/option_table.ts";
import type { TextOutput } from "../../platform/standard_output.ts";
import type { Callback } from "./callback.ts";
import { loadedCallback } from "./loaded_callback.ts";

/** Options of `progress`. */
export interface ProgressOptions {
  /**
   * The output, such as `process.stderr`; a bar is drawn if its `isTTY` is true. Default: the standard output in Node
   * and Deno, the console on a web page.
   */
  readonly output?: TextOutput;
}

const outputKind: OptionKind<TextOutput> = {
  expected: "an object with a function write(text), such as process.stderr",
  read: (value) => (isOutput(value) ? value : undefined),
};

function isOutput(value: unknown): value is TextOutput {
  return typeof value === "object" && value !== null && "write" in value && typeof value.write === "function";
}

const PROGRESS = { output: optional(outputKind) };

/**
 * Shows the progress of a training run: in a terminal, a bar with loss, metrics, elapsed and remaining time; elsewhere
 * (a file, a page's console), one line per epoch. Respects NO_COLOR. The bar shows the last results read, so that it
 * does not slow training down. Keras: `verbose` of https://keras.io/api/models/model_training_apis/.
 *
 * @example
 * await model.fit(train, { epochs: 3, validationData: test, callbacks: [progress()] });
 * // Epoch 1/3: loss 0.4712, accuracy 0.7730, valLoss 0.3457, valAccuracy 0.8524, 42.1 s
 */
export function progress(options: ProgressOptions = {}): Callback {
  const { output } = readOptions("progress", PROGRESS, options);
  return loadedCallback("progress", async () => {
    const { progressHooks } = await import("./progress_hooks.ts");
    return progressHooks(output);
  });
}
