/**
 * The common parts of the training jobs. They run in Node, Deno and a browser's page, so they use neither files nor the
 * terminal; their events are plain data that a page can send.
 */
import { AbortError, NonFiniteError } from "../core/errors.ts";
import {
  type Dataset,
  type Device,
  type EpochRecord,
  type FitOptions,
  type History,
  type Model,
  type ModelFiles,
  type Progress,
  requestDevice,
  tuningOf,
  type VariantChoice,
} from "../index.ts";
import { sha256Hex } from "../io/sha256.ts";
import { type RuntimeInfo, thisRuntime } from "./runtime_info.ts";

/** The parameters of every training job. */
export interface Job {
  /** A saved model whose training to resume. */
  readonly resume?: ModelFiles;
  /**
   * Choose between the kernels' variants by measurement. The choices are stored in the default store of
   * `requestDevice`.
   */
  readonly tune?: boolean;
}

/** The events of a job. */
export type JobEvent =
  | { readonly kind: "loading"; readonly bytes: number; readonly totalBytes: number | undefined }
  | { readonly kind: "data"; readonly text: string }
  | { readonly kind: "model"; readonly adapter: string; readonly runtime: RuntimeInfo; readonly summary: string }
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "save"; readonly files: ModelFiles };

/** How to observe and stop a job. */
export interface JobControl {
  /**
   * Receives the events. `save` is sent when training has ended, was stopped or failed; the job waits until it
   * resolves.
   */
  readonly onEvent: (event: JobEvent) => void | Promise<void>;
  readonly signal: AbortSignal;
}

/** The result of every completed training run. */
export interface JobResult {
  readonly adapter: string;
  readonly runtime: RuntimeInfo;
  readonly epochs: readonly EpochRecord[];
  readonly dispatchesPerStep: number;
  readonly extraChunksPerStep: number;
  readonly submitsPerStep: number;
  readonly readbacks: number;
  readonly peakGpuBytes: number;
  /** The kernels' variants, if this run or the resumed one was tuned. */
  readonly variants?: readonly VariantChoice[];
  /** The hash of the float32 bytes of all weights, in Keras's order. */
  readonly weightsSha256: string;
}

/** Runs `work` on a new device, with tuning if the job requests it. Returns undefined if `signal` stopped it. */
export async function onDevice<Result>(
  { tune = false }: Job,
  { onEvent, signal }: JobControl,
  work: (device: Device) => Promise<Result>,
): Promise<Result | undefined> {
  try {
    const device = await requestDevice({ tune });
    try {
      const result = await work(device);
      const { problem } = tuningOf(device);
      if (problem !== undefined) await onEvent({ kind: "data", text: `Tuning store: ${problem}` });
      return result;
    } finally {
      device.dispose();
    }
  } catch (error) {
    if (error instanceof AbortError || signal.aborted) return undefined;
    throw error;
  }
}

/** Reports a model that is ready for training. */
export async function reportModel(model: Model, { onEvent }: JobControl): Promise<void> {
  const { adapter } = model.device;
  await onEvent({ kind: "model", adapter, runtime: thisRuntime(), summary: model.summary() });
}

/**
 * Trains a model and reports the progress. The model is always sent to be saved, even if training is stopped or fails.
 */
export async function fitWithProgress(
  model: Model,
  data: Dataset,
  options: FitOptions,
  { onEvent, signal }: JobControl,
): Promise<History> {
  try {
    const onProgress = (progress: Progress) => onEvent({ kind: "progress", progress });
    const history = await model.fit(data, { ...options, signal, onProgress });
    await onEvent({ kind: "save", files: await model.toFiles() });
    return history;
  } catch (error) {
    if (error instanceof AbortError || error instanceof NonFiniteError) {
      await onEvent({ kind: "save", files: await model.toFiles() });
    }
    throw error;
  }
}

/** The common part of every training result. */
export async function resultOf(model: Model, { epochs, statistics }: History): Promise<JobResult> {
  const { dispatchesPerStep, extraChunksPerStep, submitsPerStep, readbacks, peakGpuBytes } = statistics;
  const { choices } = tuningOf(model.device);
  return {
    adapter: model.device.adapter,
    runtime: thisRuntime(),
    epochs,
    ...{ dispatchesPerStep, extraChunksPerStep, submitsPerStep, readbacks, peakGpuBytes },
    ...(choices.length > 0 && { variants: choices }),
    weightsSha256: await hashWeights(model),
  };
}

async function hashWeights(model: Model): Promise<string> {
  const weights = await model.weights();
  const all = new Float32Array(weights.reduce((sum, { data }) => sum + data.length, 0));
  let offset = 0;
  for (const { data } of weights) {
    all.set(data, offset);
    offset += data.length;
  }
  return sha256Hex(new Uint8Array(all.buffer));
}
