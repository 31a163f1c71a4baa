import type { Callback, Training } from "./callback.ts";

/** The hooks of one training run, which begins when they are made. */
export type RunHooks = Omit<Callback, "name" | "batchLogs" | "onTrainBegin">;

/** A callback whose hooks are made anew as each training run begins, and whose code is loaded then. */
export function loadedCallback(name: string, hooksOf: (training: Training) => Promise<RunHooks>): Callback {
  return {
    name,
    async onTrainBegin(training) {
      Object.assign(this, await hooksOf(training));
    },
  };
}
