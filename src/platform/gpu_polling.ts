/**
 * Reduces how often Dawn, Node's WebGPU, polls the GPU. Dawn polls from a chain of `setImmediate` callbacks for as long
 * as work is under way, which keeps one core busy: on a software adapter, one of the cores that do the work.
 */

type Callback = (...args: unknown[]) => void;

/** The globals of Node that this module uses. Declared here, so that the engine compiles without Node's types. */
export interface NodeTimers {
  setImmediate: (callback: Callback, ...args: unknown[]) => unknown;
  readonly setTimeout: (callback: Callback, milliseconds: number) => unknown;
  readonly performance: { now(): number };
}

/** The first polls of a wait are immediate: a timer would make short work a millisecond slower. */
const EAGER_MILLISECONDS = 1;

/** Dawn's poll is a native function without a name. Any other such function would be delayed by a millisecond too. */
function isPoll(callback: Callback): boolean {
  if (typeof callback !== "function" || callback.name !== "") return false;
  return Function.prototype.toString.call(callback) === "function () { [native code] }";
}

/**
 * Replaces `timers.setImmediate` by a function that delays Dawn's polls: from the second millisecond of a wait on, Dawn
 * polls once per millisecond. All other callbacks are passed on unchanged.
 * @returns a function that undoes it
 */
export function reducePolling(timers: NodeTimers): () => void {
  const original = timers.setImmediate;
  let isReduced = true;
  let isPolling = false;
  let waitingSince = 0;
  const reduced = (callback: Callback, ...args: unknown[]): unknown => {
    if (!isReduced || !isPoll(callback)) return original(callback, ...args);
    const now = timers.performance.now();
    // A poll that finds unfinished work schedules the next one; any other call begins a new wait.
    if (!isPolling) waitingSince = now;
    const poll = () => {
      isPolling = true;
      try {
        callback();
      } finally {
        isPolling = false;
      }
    };
    return now - waitingSince < EAGER_MILLISECONDS ? original(poll) : timers.setTimeout(poll, 1);
  };
  // Copies the name, and the symbol that `util.promisify` uses.
  Object.defineProperties(reduced, Object.getOwnPropertyDescriptors(original));
  timers.setImmediate = reduced;
  return () => {
    isReduced = false;
    // If other code has wrapped `setImmediate` since, its wrapper stays in place and this function passes all callbacks
    // on.
    if (timers.setImmediate === reduced) timers.setImmediate = original;
  };
}
