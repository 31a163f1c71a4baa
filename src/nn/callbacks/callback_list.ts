/** Calls the hooks of several callbacks in their order, and keeps their states. */
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

/** Calls a function of the app and waits for what it returns, no longer than it is wanted. */
export type CallApp = <T>(app: () => T | Promise<T>) => Promise<T>;
const hook = ifGiven(functionLike<(...given: never[]) => never>("see Callback"));

/** What a callback may have. */
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

/** @throws ValueError for what is no callback, and for a hook that there is none of, such as `on_epoch_end`. */
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

/** The callbacks of one training. */
export class CallbackList {
  readonly #callbacks: readonly Callback[];
  readonly #keys: readonly string[];
  readonly #call: CallApp;
  #kept: CallbackStates = {};
  #hasBegun = false;

  /** @throws ValueError for what is no list of callbacks. */
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
    // The second of two that bear one name is `name_1`: a resumed training finds them by name and order.
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

  /** True when one wants the logs of a step, from 1 on. */
  wantBatchLogs(step: number): boolean {
    return this.#callbacks.some(({ batchLogs }) => batchLogs === true || (batchLogs && step % batchLogs === 0));
  }

  /** Begins, from kept states where there are any. */
  async trainBegin(training: Training, kept: CallbackStates = {}): Promise<void> {
    this.#kept = kept;
    await this.#each((callback) => callback.onTrainBegin?.(training));
    this.restore(kept);
    this.#hasBegun = true;
  }

  /** Goes back to kept states: steps after them are taken again. */
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

  /** True when a callback ends the training in peace. */
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

  /** What is to be kept of each that keeps something; what was kept where the training did not come to begin. */
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
