/** The state of the training run, which continues while other views are shown. */
import { batch, signal } from "@preact/signals";
import type {
  Curves,
  EpochEvent,
  KeptTraining,
  Point,
  StepEvent,
  TrainEvent,
  TrainingResult,
} from "../../messages/training.ts";
import { dismiss, notify, notifyFailure } from "../../notices.ts";
import { available, ownVersion, settings } from "../../state.ts";
import { count, duration, percent } from "../../ui/format.ts";
import { ask, WorkerFailure } from "../../worker_client.ts";
import { dataInfo, file } from "./data_store.ts";

export type Phase = "idle" | "starting" | "compiling" | "running" | "paused" | "stopping";

export const phase = signal<Phase>("idle");
/** A sentence about its progress. */
export const status = signal("Ready.");
/** The newest metrics; undefined before the first step. */
export const figures = signal<StepEvent | undefined>(undefined);
/** The newest point of the training curve. */
export const point = signal<Point | undefined>(undefined);
/** The newest metrics on held-out texts; undefined before the end of the first epoch. */
export const score = signal<Point | undefined>(undefined);
export const summary = signal("");
/** The log, line by line. */
export const log = signal<readonly string[]>([]);
/** A saved run that can be resumed. */
export const kept = signal<KeptTraining | undefined>(undefined);
/** The step of the last checkpoint; undefined if there is none. */
export const keptStep = signal<number | undefined>(undefined);

/** The curves. They are extended in place, because they become long; `curvesVersion` counts the changes. */
export const curves: { readonly training: Point[]; readonly heldOut: Point[] } = { training: [], heldOut: [] };
export const curvesVersion = signal(0);

let control = new AbortController();

function note(line: string): void {
  log.value = [...log.value, line];
}

/** Resets the curves, to those of a resumed run if given. */
function clear(from: Curves = { training: [], heldOut: [] }, keptTo?: number): void {
  curves.training.splice(0, Number.POSITIVE_INFINITY, ...from.training);
  curves.heldOut.splice(0, Number.POSITIVE_INFINITY, ...from.heldOut);
  curvesVersion.value++;
  figures.value = undefined;
  keptStep.value = keptTo;
  point.value = curves.training.at(-1);
  score.value = curves.heldOut.at(-1);
}

/** The visitor's own model is available, or has changed. */
export function offerOwn(): void {
  if (!available.value.includes("own")) available.value = [...available.value, "own"];
  ownVersion.value++;
}

function hearEpoch({ epoch, training, heldOut, seconds }: EpochEvent): void {
  score.value = heldOut;
  curves.heldOut.push(heldOut);
  curvesVersion.value++;
  offerOwn();
  note(
    `epoch ${epoch}: loss ${training.loss.toFixed(4)}, accuracy ${percent(training.accuracy)}; held out: loss ` +
      `${heldOut.loss.toFixed(4)}, accuracy ${percent(heldOut.accuracy)}; ${seconds.toFixed(1)} s`,
  );
}

function hearStep(event: StepEvent): void {
  if (phase.value === "compiling") phase.value = "running";
  if (phase.value === "running") status.value = `Training: step ${count(event.step)} of ${count(event.steps)}`;
  figures.value = event;
  if (event.point === undefined) return;
  point.value = event.point;
  curves.training.push(event.point);
  curvesVersion.value++;
}

function hear(event: TrainEvent): void {
  switch (event.kind) {
    case "loading":
      if (event.totalBytes !== undefined) status.value = `Reading the file: ${percent(event.bytes / event.totalBytes)}`;
      break;
    case "data":
      dataInfo.value = event;
      note(`${count(event.train)} texts to learn from, ${count(event.test)} kept for the test`);
      break;
    case "summary":
      summary.value = event.summary;
      offerOwn();
      if (phase.value === "starting") phase.value = "compiling";
      if (phase.value === "compiling") status.value = "Compiling shaders, then step 1 …";
      break;
    case "step":
      hearStep(event);
      break;
    case "epoch":
      hearEpoch(event);
      break;
    case "kept":
      keptStep.value = event.step;
      break;
    case "notKept":
      notify({
        about: "kept",
        title: event.failure.cause === "diskFull" ? "No room to keep this training" : "This training is not kept",
        text: `It goes on, but would be lost with a reload: ${event.failure.message}`,
      });
      break;
    case "recovering":
      // The previous checkpoint is unaffected.
      clear(
        { training: curves.training.filter(({ step }) => step <= event.step), heldOut: [...curves.heldOut] },
        keptStep.value,
      );
      note(`the GPU was lost; going on from step ${count(event.step)} on a new one`);
      status.value = "The GPU was lost. Going on with a new one …";
      break;
  }
}

/** Runs training until it ends, is stopped or fails. */
async function follow(work: (signal: AbortSignal) => Promise<TrainingResult>): Promise<void> {
  control = new AbortController();
  dismiss("train");
  dismiss("kept");
  kept.value = undefined;
  phase.value = "starting";
  status.value = "Starting …";
  const began = performance.now();
  let isWorkerNew = false;
  try {
    const { accuracy, weightsSha256 } = await work(control.signal);
    const seconds = (performance.now() - began) / 1000;
    status.value = `Done in ${duration(seconds)}: right on ${percent(accuracy)} of the texts it never saw.`;
    note(status.value);
    note(`SHA-256 of the weights: ${weightsSha256}`);
  } catch (error) {
    const cause = error instanceof WorkerFailure ? error.cause : "other";
    status.value = cause === "aborted" ? "Stopped. What it learnt so far is kept: ask it." : "Stopped by an error.";
    note(status.value);
    notifyFailure("train", error);
    isWorkerNew = cause === "workerGone";
  } finally {
    phase.value = "idle";
    ownVersion.value++;
    // A new worker has no model of the visitor's, so the checkpoint is opened again.
    await (isWorkerNew ? restore() : findKept());
  }
}

/** Trains from the start with the current settings. */
export function start(): Promise<void> {
  batch(() => {
    clear();
    log.value = [];
  });
  const params = { settings: settings.value, file: file.value };
  return follow((signal) => ask("train", params, { signal, onEvent: hear }));
}

/** Resumes the saved run; `again` is the visitor's file if the browser has no copy. */
export function goOn({ place, run }: KeptTraining, again?: File): Promise<void> {
  batch(() => {
    settings.value = run.settings;
    clear(run.curves, run.step);
    note(`going on from step ${count(run.step)}`);
  });
  return follow((signal) => ask("goOn", { place, file: again }, { signal, onEvent: hear }));
}

/** Without a GPU, shows a recorded training run. */
export async function showRecording(): Promise<void> {
  const run = (await import("./recorded_run.json")).default;
  batch(() => {
    clear(run.curves);
    figures.value = { ...run.figures, kind: "step", point: undefined };
    summary.value = run.summary;
    dataInfo.value = run.data;
    status.value =
      `A recorded run, since there is no GPU here: ${run.seconds} s on ${run.adapter}, ${run.runtime}, ` +
      `${run.date}.`;
  });
}

/** Looks for a saved run, and offers to resume it if it is not complete. */
export async function findKept(): Promise<void> {
  const found = await ask("findKept", {}).catch(() => undefined);
  kept.value = found?.run.isDone === false ? found : undefined;
}

/** After the page has loaded, restores the last model for predictions, and the run to resume. */
export async function restore(): Promise<void> {
  const found = await ask("findKept", {}).catch(() => undefined);
  if (found === undefined || phase.value !== "idle") return;
  try {
    await ask("openKept", { place: found.place });
  } catch {
    // A checkpoint of another version is ignored.
    return;
  }
  if (phase.value !== "idle") return;
  batch(() => {
    clear(found.run.curves, found.run.step);
    kept.value = found.run.isDone ? undefined : found;
    status.value = found.run.isDone ? "The model that you trained before is here." : "A training was interrupted.";
    offerOwn();
  });
}

/** Removes the saved run. */
export async function forget({ place }: KeptTraining): Promise<void> {
  kept.value = undefined;
  clear();
  status.value = "Ready.";
  await ask("forgetKept", { place });
}

/** Pauses or resumes training. */
export async function togglePause(): Promise<void> {
  const isPaused = phase.value === "paused";
  if (isPaused) {
    phase.value = figures.value === undefined ? "compiling" : "running";
    status.value = "Training …";
    await ask("resume", {});
  } else {
    phase.value = "paused";
    status.value = "Paused.";
    await ask("pause", {});
  }
}

/** Stops training after the current step. */
export function stop(): void {
  phase.value = "stopping";
  status.value = "Stopping at a whole step …";
  control.abort();
}
