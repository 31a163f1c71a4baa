/** Shows the progress of a training run: a progress bar in a terminal, or occasional lines if output goes to a file. */
import process from "node:process";
import { Presets, SingleBar } from "cli-progress";
import type { EpochRecord, Logs, Progress } from "../index.ts";
import { printLine } from "./print.ts";

/** Without a terminal, the interval between lines of progress. */
const LINE_SECONDS = 10;

/** Shows the progress of a training run on standard output. */
export class ProgressView {
  readonly #isLive = process.stdout.isTTY === true;
  readonly #noun: string;
  #bar: SingleBar | undefined;
  #lastLine = performance.now();

  /** @param noun the plural noun for an example of the data, such as "reviews" */
  constructor(noun: string) {
    this.#noun = noun;
  }

  /** Call it after each step, and at the end of each epoch. */
  show(progress: Progress): void {
    if (progress.ended !== undefined) {
      this.clear();
      printLine(epochLine(progress.ended, progress.epochs));
      this.#lastLine = performance.now();
    } else if (this.#isLive) {
      this.#draw(progress);
    } else if (performance.now() - this.#lastLine >= LINE_SECONDS * 1000) {
      this.#lastLine = performance.now();
      printLine(progressLine(progress, this.#noun));
    }
  }

  /** Removes the bar, so that other output can be written. */
  clear(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #draw(progress: Progress): void {
    const payload = {
      head: `epoch ${progress.epoch}/${progress.epochs}`,
      tail: detailsOf(progress, this.#noun),
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

/** The line for a completed epoch. */
export function epochLine({ epoch, logs, seconds }: EpochRecord, epochs: number): string {
  const names = Object.keys(logs);
  const [training, validation] = [false, true].map((isValidation) =>
    names
      .filter((name) => name.startsWith("val") === isValidation)
      .map((name) => logText(name, logs))
      .join(", "),
  );
  const results = [training, validation, `${seconds.toFixed(1)} s`].filter((text) => text !== "");
  return `epoch ${epoch}/${epochs}: ${results.join("; ")}`;
}

/** `0.8234` as `82.3%`. */
export function percent(share: number | undefined): string {
  return share === undefined ? "?" : `${(share * 100).toFixed(1)}%`;
}

/** Formats a loss: four decimals, or four significant digits if it is small. */
export function number(value: number | undefined): string {
  if (value === undefined) return "?";
  return Math.abs(value) < 0.01 && value !== 0 ? value.toPrecision(4) : value.toFixed(4);
}

/** `valAccuracy` of the logs as `val accuracy 82.3%`. */
function logText(name: string, logs: Logs): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${words} ${/accuracy$/i.test(name) ? percent(logs[name]) : number(logs[name])}`;
}

function progressLine(progress: Progress, noun: string): string {
  const { epoch, epochs, batch, batches } = progress;
  return `epoch ${epoch}/${epochs}, step ${batch}/${batches}${detailsOf(progress, noun)}`;
}

function detailsOf({ logs, samplesPerSecond, secondsLeft }: Progress, noun: string): string {
  const results = Object.keys(logs).map((name) => `  ${logText(name, logs)}`);
  const pace =
    samplesPerSecond > 0 ? `${samplesPerSecond.toFixed(0)} ${noun}/s  ${duration(secondsLeft)} left` : "compiling";
  return `${results.join("")}  ${pace}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return minutes === 0 ? `${rest} s` : `${minutes} min ${rest} s`;
}
