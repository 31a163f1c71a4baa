/** The report of a completed training run: as JSON and as text. */
import { createRequire } from "node:module";
import type { OperationTime } from "../index.ts";
import type { Confusion, TextPrediction, TrainResult } from "./sentiment_job.ts";
import type { TrainOptions } from "./train_options.ts";
import type { JobResult } from "./training_job.ts";
import { number, percent } from "./training_progress.ts";

/** The report of `sluice train` as JSON. */
export function recordOf(result: TrainResult, options: TrainOptions, archive: string | undefined) {
  const { predictions: _, curves: __, ...rest } = result;
  return jobRecord(rest, { ...options, ...(archive !== undefined && { archive }) });
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
export function resultText({ test, confusion, predictions, profile }: TrainResult): string {
  return [
    `test loss ${number(test.loss)}, test accuracy ${percent(test.accuracy)}`,
    "",
    confusionTable(confusion),
    "",
    "Predictions for new sentences:",
    ...predictions.map(predictionLine),
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

/** A prediction as a line: `positive  0.973  What a wonderful film`. */
export function predictionLine({ label, probability, text }: TextPrediction): string {
  return `  ${label}  ${probability.toFixed(3)}  ${text}`;
}

function confusionTable({ negative, positive }: Confusion): string {
  const row = (head: string, cells: readonly (string | number)[]) =>
    `  ${head.padEnd(18)}${cells.map((cell) => String(cell).padStart(10)).join("")}`;
  return [
    row("", ["negative", "positive"]),
    row("truly negative", [negative.negative, negative.positive]),
    row("truly positive", [positive.negative, positive.positive]),
  ].join("\n");
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
