/** The training at hand: it goes on while other rooms are shown, so its state is kept here. */
import { batch, signal } from "@preact/signals";
import { ask, WorkerFailure } from "../../client.ts";
import { dismiss, notifyFailure } from "../../notices.ts";
import { available, ownVersion, settings } from "../../state.ts";
import { count, duration, percent } from "../../ui/format.ts";
import type { TrainEvent } from "../../worker/requests/train.ts";
import type { EpochEvent, Point, StepEvent } from "../../worker/training.ts";

export type Phase = "idle" | "starting" | "compiling" | "running" | "paused" | "stopping";

export const phase = signal<Phase>("idle");
/** One sentence on where it stands. */
export const status = signal("Ready.");
/** The newest figures; nothing before the first step. */
export const figures = signal<StepEvent | undefined>(undefined);
/** The last epoch's score; nothing before the first has ended. */
export const score = signal<EpochEvent | undefined>(undefined);
export const summary = signal("");
export const attribution = signal("");
/** What happened, line by line. */
export const log = signal<readonly string[]>([]);
/** The visitor's file, where one was chosen. */
export const file = signal<File | undefined>(undefined);

/** The curves: grown in place, since they become long; `curvesVersion` counts what was added. */
export const curves: { readonly training: Point[]; readonly heldOut: Point[] } = { training: [], heldOut: [] };
export const curvesVersion = signal(0);

let control = new AbortController();

function note(line: string): void {
  log.value = [...log.value, line];
}

function clear(): void {
  curves.training.length = 0;
  curves.heldOut.length = 0;
  curvesVersion.value++;
  figures.value = undefined;
  score.value = undefined;
}

function hear(event: TrainEvent): void {
  switch (event.kind) {
    case "loading": {
      const { bytes, totalBytes } = event;
      const share = totalBytes === undefined ? "" : `: ${percent(bytes / totalBytes)}`;
      status.value = `Reading the file${share}`;
      break;
    }
    case "begun":
      summary.value = event.summary;
      attribution.value = event.attribution;
      if (!available.value.includes("own")) available.value = [...available.value, "own"];
      ownVersion.value++;
      if (phase.value === "starting") phase.value = "compiling";
      if (phase.value === "compiling") status.value = "Compiling shaders, then step 1 …";
      note(`${count(event.train)} texts to learn from, ${count(event.test)} kept for the test`);
      break;
    case "step":
      if (phase.value === "compiling") phase.value = "running";
      if (phase.value === "running") status.value = `Training: step ${count(event.step)} of ${count(event.steps)}`;
      figures.value = event;
      if (event.point !== undefined) {
        curves.training.push(event.point);
        curvesVersion.value++;
      }
      break;
    case "epoch": {
      const { epoch, training, heldOut, seconds } = event;
      score.value = event;
      curves.heldOut.push(heldOut);
      curvesVersion.value++;
      ownVersion.value++;
      note(
        `epoch ${epoch}: loss ${training.loss.toFixed(4)}, accuracy ${percent(training.accuracy)}; held out: loss ${heldOut.loss.toFixed(4)}, accuracy ${percent(heldOut.accuracy)}; ${seconds.toFixed(1)} s`,
      );
      break;
    }
  }
}

/** Trains from the start, with the settings as they are. */
export async function start(): Promise<void> {
  control = new AbortController();
  dismiss("train");
  batch(() => {
    clear();
    phase.value = "starting";
    status.value = "Starting …";
  });
  try {
    const params = { settings: settings.value, file: file.value };
    const { accuracy, seconds } = await ask("train", params, { signal: control.signal, onEvent: hear });
    status.value = `Done in ${duration(seconds)}: right on ${percent(accuracy)} of the texts it never saw.`;
    note(status.value);
  } catch (error) {
    const isStopped = error instanceof WorkerFailure && error.cause === "aborted";
    status.value = isStopped ? "Stopped. What it learnt so far is kept: ask it." : "Stopped by an error.";
    note(status.value);
    notifyFailure("train", error);
  } finally {
    phase.value = "idle";
    ownVersion.value++;
  }
}

/** Holds it back before its next step, or lets it go on. */
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

/** Stops at a whole step. */
export function stop(): void {
  phase.value = "stopping";
  status.value = "Stopping at a whole step …";
  control.abort();
}
