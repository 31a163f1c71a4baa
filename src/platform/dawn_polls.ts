/**
 * How often Dawn asks whether the GPU is done. In Node it asks from `setImmediate`, each time anew for as long as work is under
 * way: a core that does nothing else, and on a software adapter one of those that do the work.
 */

type Callback = (...args: unknown[]) => void;

/** What is used of Node's globals. Spelt out, so that the engine compiles without Node's types. */
export interface NodeTimers {
  setImmediate: (callback: Callback, ...args: unknown[]) => unknown;
  readonly setTimeout: (callback: Callback, milliseconds: number) => unknown;
  readonly performance: { now(): number };
}

/** Short work is waited for without rest: a timer would cost it a millisecond. */
const EAGER_MILLISECONDS = 1;

/** Native functions without a name. Dawn's is one; others that hand one to `setImmediate` would wait a millisecond too. */
function isPoll(callback: Callback): boolean {
  if (typeof callback !== "function" || callback.name !== "") return false;
  return Function.prototype.toString.call(callback) === "function () { [native code] }";
}

/**
 * Lets Dawn rest between its polls: from the second millisecond of waiting on it asks once in each. All else that is given to
 * `setImmediate` goes through as it did.
 */
export function restDawnPolls(timers: NodeTimers): void {
  const immediately = timers.setImmediate;
  let isPolling = false;
  let waitingSince = 0;
  const schedule = (callback: Callback, ...args: unknown[]): unknown => {
    if (!isPoll(callback)) return immediately(callback, ...args);
    const now = timers.performance.now();
    // A poll that finds work unfinished asks for the next one; any other call begins a new wait.
    if (!isPolling) waitingSince = now;
    const poll = () => {
      isPolling = true;
      try {
        callback();
      } finally {
        isPolling = false;
      }
    };
    return now - waitingSince < EAGER_MILLISECONDS ? immediately(poll) : timers.setTimeout(poll, 1);
  };
  // Its name, and what `util.promisify` makes of it.
  Object.defineProperties(schedule, Object.getOwnPropertyDescriptors(immediately));
  timers.setImmediate = schedule;
}
