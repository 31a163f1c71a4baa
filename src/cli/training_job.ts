/**
 * What the command line's trainings share, the same in Node, Deno and a browser's page: they touch no file and no
 * terminal. What they tell is plain data, so that a page can send it on.
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

/** What every training is given. */
export interface Job {
  /** A saved model whose training goes on. */
  readonly resume?: ModelFiles;
  /**
   * Choose between the kernels' variants by measurement; where true, choices are kept where `requestDevice` keeps them.
   */
  readonly tune?: boolean;
}

/** What a job tells on its way. */
export type JobEvent =
  | { readonly kind: "loading"; readonly bytes: number; readonly totalBytes: number | undefined }
  | { readonly kind: "data"; readonly text: string }
  | { readonly kind: "model"; readonly adapter: string; readonly runtime: RuntimeInfo; readonly summary: string }
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "save"; readonly files: ModelFiles };

/** How a job is watched and stopped. */
export interface JobControl {
  /** A `save` comes when the training ended, stopped or failed; the job waits until it is taken. */
  readonly onEvent: (event: JobEvent) => void | Promise<void>;
  readonly signal: AbortSignal;
}

/** What is known of every training that ran to its end. */
export interface JobResult {
  readonly adapter: string;
  readonly runtime: RuntimeInfo;
  readonly epochs: readonly EpochRecord[];
  readonly dispatchesPerStep: number;
  readonly extraChunksPerStep: number;
  readonly submitsPerStep: number;
  readonly readbacks: number;
  readonly peakGpuBytes: number;
  /** Which of the kernels' variants ran, where they were tuned or a resumed training had been. */
  readonly variants?: readonly VariantChoice[];
  /** Of the float32 bytes of all weights, in Keras's order. */
  readonly weightsSha256: string;
}

/** Does `work` on a device of its own, which is tuned if the job says so; undefined when `signal` stopped it. */
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
      if (problem !== undefined) await onEvent({ kind: "data", text: `The store of measured choices: ${problem}` });
      return result;
    } finally {
      device.dispose();
    }
  } catch (error) {
    if (error instanceof AbortError || signal.aborted) return undefined;
    throw error;
  }
}

/** Tells of a model that is ready to be trained. */
export async function introduce(model: Model, { onEvent }: JobControl): Promise<void> {
  const { adapter } = model.device;
  await onEvent({ kind: "model", adapter, runtime: thisRuntime(), summary: model.summary() });
}

/** Trains, and tells how it goes; whatever way that ends, what was learnt is handed over. */
export async function teach(
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

/** What the record of a finished training holds, whatever it was. */
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
