/** The hooks of the `progress` callback. */
import { standardOutput, type TextOutput, wantsColor } from "../../platform/standard_output.ts";
import type { Logs } from "../metrics/logs.ts";
import type { Training } from "./callback.ts";
import type { RunHooks } from "./loaded_callback.ts";

const BAR_WIDTH = 20;
/** The minimum time between two redraws of the bar, in milliseconds. */
const DRAW_MS = 50;
/** The assumed width of a terminal that does not report one. */
const COLUMNS = 80;
const CLEAR_TO_END = "\x1b[K";
const GREEN = "\x1b[32m";
const DEFAULT_COLOR = "\x1b[39m";

/** Creates hooks that draw a bar if the output is a terminal, and otherwise write one line per epoch. */
export function progressHooks(given: TextOutput | null): RunHooks {
  const output = given ?? standardOutput();
  const isTerminal = output.isTTY === true;
  const isColored = isTerminal && wantsColor();
  let epochNow = 0;
  /** The start of the epoch, or the point within it where a resumed run continued. */
  let start: { readonly time: number; readonly batch: number } | undefined;
  let drawnAt = 0;
  /** The most recent results. */
  let known: Logs = {};

  const begin = (batch: number) => {
    start ??= { time: performance.now(), batch };
    return start;
  };
  const titleOf = ({ params }: Training) => `Epoch ${epochNow + 1}/${params.epochs}`;

  /** Redraws the line. */
  const draw = (text: string) => void output.write(`\r${text}${CLEAR_TO_END}`);

  function drawBar(done: number, training: Training): void {
    const from = begin(done);
    const { steps } = training.params;
    drawnAt = performance.now();
    const seconds = (drawnAt - from.time) / 1000;
    const isPaceKnown = steps > 0 && done > from.batch;
    const left = isPaceKnown ? `, ${duration((seconds * (steps - done)) / (done - from.batch))} left` : "";
    const count = steps > 0 ? `${done}/${steps}` : `step ${done}`;
    const title = titleOf(training);
    const details = [count, `${duration(seconds)}${left}`, ...resultsOf(known)].join("  ");
    // A line wider than the terminal would wrap and not be overwritten.
    const room = Math.max(0, (output.columns ?? COLUMNS) - 1 - title.length - 1);
    const width = steps > 0 && room > BAR_WIDTH + count.length ? BAR_WIDTH : 0;
    const bar = width > 0 ? `${barOf(done / steps, width, isColored)} ` : "";
    draw(`${title} ${bar}${details.slice(0, Math.max(0, width > 0 ? room - width - 1 : room))}`);
  }

  return {
    onEpochBegin(epoch, training) {
      epochNow = epoch;
      start = undefined;
      if (isTerminal) drawBar(0, training);
    },
    onBatchBegin(batch) {
      begin(batch);
    },
    onBatchEnd(batch, logs, training) {
      known = logs;
      if (isTerminal && performance.now() - drawnAt >= DRAW_MS) drawBar(batch + 1, training);
    },
    onEpochSettled(epoch, logs, training) {
      epochNow = epoch;
      const seconds = (performance.now() - begin(0).time) / 1000;
      const line = `${titleOf(training)}: ${[...resultsOf(logs), `${seconds.toFixed(1)} s`].join(", ")}`;
      if (isTerminal) draw(line);
      output.write(isTerminal ? "\n" : `${line}\n`);
    },
    onNonFinite() {
      // The error starts on a new line.
      if (isTerminal) output.write("\n");
      return false;
    },
    // Needed because a run resumed within an epoch gets no `onEpochBegin`.
    state: () => ({ json: epochNow }),
    restore({ json }) {
      if (typeof json === "number") epochNow = json;
      start = undefined;
    },
  };
}

function barOf(share: number, width: number, isColored: boolean): string {
  const filled = Math.min(width, Math.round(share * width));
  const done = "━".repeat(filled);
  return `${isColored ? `${GREEN}${done}${DEFAULT_COLOR}` : done}${"─".repeat(width - filled)}`;
}

function resultsOf(logs: Logs): readonly string[] {
  return Object.entries(logs).map(([name, value]) => `${name} ${numberText(value)}`);
}

/** Four decimals, as Keras prints; small numbers with an exponent. */
function numberText(value: number): string {
  return value === 0 || Math.abs(value) >= 0.001 ? value.toFixed(4) : value.toExponential(3);
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
