/** How a training looks in a terminal: a live bar, or a line now and then where output goes to a file. */
import process from "node:process";
import { Presets, SingleBar } from "cli-progress";
import type { EpochRecord, Progress } from "../index.ts";

/** Without a terminal, a line of progress every so often. */
const LINE_SECONDS = 10;

/** Shows the progress of one training on standard output. */
export class ProgressView {
  readonly #isLive = process.stdout.isTTY === true;
  #bar: SingleBar | undefined;
  #lastLine = performance.now();

  /** Told of each step, and of each epoch's end. */
  show(progress: Progress): void {
    if (progress.ended !== undefined) {
      this.clear();
      console.log(epochLine(progress.ended, progress.epochs));
      this.#lastLine = performance.now();
    } else if (this.#isLive) {
      this.#draw(progress);
    } else if (performance.now() - this.#lastLine >= LINE_SECONDS * 1000) {
      this.#lastLine = performance.now();
      console.log(progressLine(progress));
    }
  }

  /** Takes the bar away, so that something else can be written. */
  clear(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #draw(progress: Progress): void {
    const payload = {
      head: `epoch ${progress.epoch}/${progress.epochs}`,
      tail: detailsOf(progress),
    };
    if (this.#bar === undefined) {
      const format = "{head} {bar} {value}/{total}{tail}";
      const options = {
        format,
        barsize: 20,
        hideCursor: true,
        clearOnComplete: true,
        stopOnComplete: false,
        linewrap: false,
      };
      this.#bar = new SingleBar({ ...options, stream: process.stdout, gracefulExit: false }, Presets.shades_classic);
      this.#bar.start(progress.batches, progress.batch, payload);
    } else {
      this.#bar.update(progress.batch, payload);
    }
  }
}

/** An epoch that has ended, in a line. */
export function epochLine({ epoch, logs, seconds }: EpochRecord, epochs: number): string {
  const results = [
    `loss ${number(logs.loss)}, accuracy ${percent(logs.accuracy)}`,
    `val loss ${number(logs.valLoss)}, val accuracy ${percent(logs.valAccuracy)}`,
  ];
  return `epoch ${epoch}/${epochs}: ${results.join("; ")}; ${seconds.toFixed(1)} s`;
}

/** `0.8234` as `82.3%`. */
export function percent(share: number | undefined): string {
  return share === undefined ? "?" : `${(share * 100).toFixed(1)}%`;
}

/** A loss, in four decimals. */
export function number(value: number | undefined): string {
  return value === undefined ? "?" : value.toFixed(4);
}

function progressLine(progress: Progress): string {
  return `epoch ${progress.epoch}/${progress.epochs}, step ${progress.batch}/${progress.batches}${detailsOf(progress)}`;
}

function detailsOf({ logs, samplesPerSecond, secondsLeft }: Progress): string {
  const results = logs.loss === undefined ? "" : `  loss ${number(logs.loss)}  accuracy ${percent(logs.accuracy)}`;
  const pace =
    samplesPerSecond > 0 ? `${samplesPerSecond.toFixed(0)} reviews/s  ${duration(secondsLeft)} left` : "compiling";
  return `${results}  ${pace}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return minutes === 0 ? `${rest} s` : `${minutes} min ${rest} s`;
}
