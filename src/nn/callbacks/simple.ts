/** Callbacks of a few lines. */
import { readOptions } from "../../core/option_table.ts";
import type { Callback } from "./callback.ts";
import { HOOKS } from "./callback_list.ts";

/**
 * Ends the training in peace when the loss, a gradient or a weight stops being finite, instead of with a NonFiniteError
 * (https://keras.io/api/callbacks/terminate_on_nan/). The same weights are kept either way.
 */
export function terminateOnNaN(): Callback {
  return { name: "terminateOnNaN", onNonFinite: () => true };
}

/**
 * A callback of the hooks given (https://keras.io/api/callbacks/lambda_callback/).
 *
 * @example
 * lambdaCallback({ onEpochEnd: (epoch, logs) => console.log(epoch, logs.loss) });
 */
export function lambdaCallback(hooks: Omit<Callback, "name">): Callback {
  readOptions("lambdaCallback", HOOKS, hooks);
  return { name: "lambdaCallback", ...hooks };
}

/** Epochs (from 0) and their results, one list per name. */
export interface HistoryCallback extends Callback {
  readonly epoch: readonly number[];
  readonly history: Readonly<Record<string, readonly number[]>>;
}

/** Keeps the results of each epoch, as `fit` returns them too (https://keras.io/api/callbacks/). */
export function history(): HistoryCallback {
  let epochs: number[] = [];
  let results: Record<string, number[]> = {};
  return {
    name: "history",
    get epoch() {
      return epochs;
    },
    get history() {
      return results;
    },
    onTrainBegin() {
      [epochs, results] = [[], {}];
    },
    onEpochSettled(epoch, logs) {
      epochs.push(epoch);
      for (const [name, value] of Object.entries(logs)) {
        results[name] ??= [];
        results[name].push(value);
      }
    },
    state: () => ({ json: { epochs: [...epochs], results: structuredClone(results) } }),
    restore({ json }) {
      const kept = json as unknown as {
        readonly epochs: readonly number[];
        readonly results: Record<string, readonly (number | null)[]>;
      };
      epochs = [...kept.epochs];
      // JSON has no NaN: a result that was none is null in a saved training.
      const lists = Object.entries(kept.results).map(([name, list]) => [
        name,
        list.map((value) => value ?? Number.NaN),
      ]);
      results = Object.fromEntries(lists);
    },
  };
}
