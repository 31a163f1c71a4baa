/** The report of a completed training run: as JSON and as text. */
import { createRequire } from "node:module";
import type { OperationTime } from "../index.ts";
import type { TextPrediction, TrainResult } from "./sentiment_job.ts";
import type { TrainOptions } from "./train_options.ts";
import type { JobResult } from "./training_job.ts";
import { number, percent } from "./training_progress.ts";

/** The report of `sluice train` as JSON; `source` describes the data. */
export function recordOf(result: TrainResult, options: TrainOptions, source: Readonly<Record<string, string>>) {
  const { predictions: _, curves: __, matrix: ___, ...rest } = result;
  return jobRecord(rest, { ...options, ...source });
}

/** The common JSON of every training report. */
export function jobRecord<Result extends JobResult, Options>(result: Result, options: Options) {
  const { adapter, runtime, epochs, ...rest } = result;
  return {
    adapter,
    runtime,
    versions: versionsOf(runtime.name),
    options,
    epochs: epochs.map(({ epoch, logs, seconds }) => ({ epoch, ...logs, seconds })),
    ...rest,
  };
}

/** Sluice's own version. */
export function sluiceVersion(): string {
  return packageVersion("../../package.json") ?? "unknown";
}

/** The report of `sluice train` as text: test metrics, confusion matrix and predictions. */
export function resultText({ test, labels, matrix, predictions, profile }: TrainResult): string {
  const width = Math.max(...labels.map((label) => label.length));
  return [
    `test loss ${number(test.loss)}, test accuracy ${percent(test.accuracy)}`,
    "",
    matrix.replaceAll(/^/gm, "  "),
    "",
    "Predictions for unseen texts:",
    ...predictions.map((prediction) => `  ${predictionLine(prediction, width)}`),
    ...(profile === undefined ? [] : ["", profileText(profile)]),
  ].join("\n");
}

/** The profile of a step: its operations and their share of the time, the longest first. */
export function profileText(profile: readonly OperationTime[]): string {
  const all = profile.reduce((sum, { seconds }) => sum + seconds, 0);
  const width = Math.max(...profile.map(({ operation }) => operation.length));
  return [
    `One training step takes ${milliseconds(all)} on the GPU:`,
    ...profile.map(({ operation, dispatches, seconds, share }) => {
      const count = `${dispatches} ${dispatches === 1 ? "dispatch" : "dispatches"}`;
      return (
        `  ${operation.padEnd(width)}  ${milliseconds(seconds).padStart(11)}  ${percent(share).padStart(6)}  ` +
        `${count}`
      );
    }),
  ].join("\n");
}

function milliseconds(seconds: number): string {
  return `${(1000 * seconds).toFixed(2)} ms`;
}

/** The most characters of a text that are shown. */
const SHOWN_TEXT = 100;

/** A prediction as a line: `positive  0.973  What a wonderful film`. */
export function predictionLine({ label, probability, text }: TextPrediction, width = label.length): string {
  const line = text.replace(/\s+/g, " ");
  return `${label.padEnd(width)}  ${probability.toFixed(3)}  ${shorten(line, SHOWN_TEXT)}`;
}

function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** The versions of Sluice and of the package that provides WebGPU. */
export function versionsOf(runtime: string): Record<string, string> {
  const webgpu = runtime === "node" ? packageVersion("webgpu/package.json") : undefined;
  return { sluice: sluiceVersion(), ...(webgpu !== undefined && { webgpu }) };
}

function packageVersion(specifier: string): string | undefined {
  try {
    const { version } = createRequire(import.meta.url)(specifier) as { readonly version?: unknown };
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
