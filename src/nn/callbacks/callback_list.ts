/** Calls the hooks of several callbacks in order, and collects their states. */
import { type NonFiniteError, ValueError } from "../../core/errors.ts";
import {
  either,
  flag,
  functionLike,
  ifGiven,
  type OptionTable,
  positive,
  readValue,
  refuseUnknown,
  type TableOf,
  text,
} from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import type { Callback, CallbackStates, MutableLogs, Training } from "./callback.ts";

/** Calls app code and awaits the promise it returns, until the run is asked to stop. */
export type CallApp = <T>(app: () => T | Promise<T>) => Promise<T>;
const hook = ifGiven(functionLike<(...given: never[]) => never>("see Callback"));

/** The members of a callback. */
export const HOOKS = {
  name: ifGiven(text),
  batchLogs: ifGiven(either(flag, positive)),
  onTrainBegin: hook,
  onTrainEnd: hook,
  onEpochBegin: hook,
  onEpochEnd: hook,
  onEpochSettled: hook,
  onBatchBegin: hook,
  onBatchEnd: hook,
  onNonFinite: hook,
  state: hook,
  restore: hook,
} satisfies TableOf<Callback>;

const KINDS: OptionTable = HOOKS;

/** @throws ValueError if the value is not a callback or has an unknown hook, such as `on_epoch_end`. */
function checkCallback(callback: Callback): void {
  const what = "fit: a callback";
  for (let part: unknown = callback; part !== null && part !== Object.prototype; part = Object.getPrototypeOf(part)) {
    for (const name of Object.getOwnPropertyNames(part)) {
      const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
      if (kind === undefined && /^on[A-Z_]/.test(name)) refuseUnknown(what, name, Object.keys(HOOKS));
      const value = kind && callback[name as keyof Callback];
      if (kind !== undefined && value !== undefined && value !== null) readValue(what, name, kind, value);
    }
  }
}

/** The callbacks of one training run. */
export class CallbackList {
  readonly #callbacks: readonly Callback[];
  readonly #keys: readonly string[];
  readonly #call: CallApp;
  #kept: CallbackStates = {};
  #hasBegun = false;

  /** @throws ValueError if the value is not a list of callbacks. */
  constructor(callbacks: readonly Callback[], call: CallApp) {
    const isCallback = (each: unknown) => typeof each === "object" && each !== null;
    if (!Array.isArray(callbacks) || !Array.from(callbacks).every(isCallback)) {
      throw new ValueError(
        `fit: callbacks is ${shown(callbacks)}; expected a list of callbacks, such as [earlyStopping()]`,
      );
    }
    for (const callback of callbacks) checkCallback(callback);
    this.#callbacks = callbacks;
    this.#call = call;
    // The second callback of the same name gets the key `name_1`: a resumed run matches them by name and order.
    const taken = new Set<string>();
    this.#keys = callbacks.map(({ name = "callback" }) => {
      let key = String(name);
      for (let count = 1; taken.has(key); count++) key = `${name}_${count}`;
      taken.add(key);
      return key;
    });
  }

  /** True once `trainBegin` is done. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** True if a callback needs the logs of this step (counted from 1). */
  wantBatchLogs(step: number): boolean {
    return this.#callbacks.some(({ batchLogs }) => batchLogs === true || (batchLogs && step % batchLogs === 0));
  }

  /** Calls `onTrainBegin`, then restores saved states. */
  async trainBegin(training: Training, kept: CallbackStates = {}): Promise<void> {
    this.#kept = kept;
    await this.#each((callback) => callback.onTrainBegin?.(training));
    this.restore(kept);
    this.#hasBegun = true;
  }

  /** Restores earlier states; the steps after them will be repeated. */
  restore(kept: CallbackStates = {}): void {
    for (const [index, callback] of this.#callbacks.entries()) {
      const state = kept[this.#keys[index] as string];
      if (state !== undefined) callback.restore?.(state);
    }
  }

  async trainEnd(logs: MutableLogs, training: Training): Promise<void> {
    await this.#each((callback) => callback.onTrainEnd?.(logs, training));
  }

  async epochBegin(epoch: number, training: Training): Promise<void> {
    await this.#each((callback) => callback.onEpochBegin?.(epoch, training));
  }

  async epochEnd(epoch: number, logs: MutableLogs, training: Training): Promise<void> {
    await this.#each((callback) => callback.onEpochEnd?.(epoch, logs, training));
  }

  async epochSettled(epoch: number, logs: MutableLogs, training: Training): Promise<void> {
    await this.#each((callback) => callback.onEpochSettled?.(epoch, logs, training));
  }

  async batchBegin(batch: number, training: Training): Promise<void> {
    await this.#each((callback) => callback.onBatchBegin?.(batch, training));
  }

  async batchEnd(batch: number, logs: MutableLogs, training: Training): Promise<void> {
    await this.#each((callback) => callback.onBatchEnd?.(batch, logs, training));
  }

  /** True if a callback stops training without an error. */
  async nonFinite(error: NonFiniteError, training: Training): Promise<boolean> {
    let isPeaceful = false;
    for (const callback of this.#callbacks) {
      if ((await this.#call(() => callback.onNonFinite?.(error, training))) === true) isPeaceful = true;
    }
    return isPeaceful;
  }

  async #each(hook: (callback: Callback) => void | Promise<void>): Promise<void> {
    for (const callback of this.#callbacks) await this.#call(() => hook(callback));
  }

  /** The states to save; if training has not begun yet, the states that were passed in. */
  states(): CallbackStates {
    if (!this.#hasBegun) return this.#kept;
    return Object.fromEntries(
      this.#callbacks.flatMap((callback, index) => {
        const state = callback.state?.();
        return state === undefined ? [] : [[this.#keys[index] as string, state] as const];
      }),
    );
  }
}
