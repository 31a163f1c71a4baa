/** Small callbacks. */
import { readOptions } from "../../core/option_table.ts";
import type { Callback } from "./callback.ts";
import { HOOKS } from "./callback_list.ts";

/**
 * Stops training without an error when the loss, a gradient or a weight is no longer finite, instead of throwing
 * NonFiniteError (https://keras.io/api/callbacks/terminate_on_nan/). The kept weights are the same either way.
 */
export function terminateOnNaN(): Callback {
  return { name: "terminateOnNaN", onNonFinite: () => true };
}

/**
 * Creates a callback from hooks (https://keras.io/api/callbacks/lambda_callback/).
 *
 * @example
 * lambdaCallback({ onEpochEnd: (epoch, logs) => console.log(epoch, logs.loss) });
 */
export function lambdaCallback(hooks: Omit<Callback, "name">): Callback {
  readOptions("lambdaCallback", HOOKS, hooks);
  return { name: "lambdaCallback", ...hooks };
}

/** A callback that records epochs (from 0) and their results, one list per name. */
export interface HistoryCallback extends Callback {
  readonly epoch: readonly number[];
  readonly history: Readonly<Record<string, readonly number[]>>;
}

/** Records the results of each epoch, which `fit` also returns (https://keras.io/api/callbacks/). */
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
      // JSON has no NaN: it is saved as null.
      const lists = Object.entries(kept.results).map(([name, list]) => [
        name,
        list.map((value) => value ?? Number.NaN),
      ]);
      results = Object.fromEntries(lists);
    },
  };
}
