import type { Callback, Training } from "./callback.ts";

/** The hooks of one training run, created when it begins. */
export type RunHooks = Omit<Callback, "name" | "batchLogs" | "onTrainBegin">;

/** A callback whose hooks are imported and created when each training run begins. */
export function loadedCallback(name: string, hooksOf: (training: Training) => Promise<RunHooks>): Callback {
  return {
    name,
    async onTrainBegin(training) {
      Object.assign(this, await hooksOf(training));
    },
  };
}
