/** Shows error messages above the view. */
import type { FailureCause } from "./messages/failure.ts";
import { type Notice, notices } from "./state.ts";
import { WorkerFailure } from "./worker_client.ts";

/** Browsers that have WebGPU, as of 2026. */
export const BROWSERS =
  "Chrome or Edge 113 or later, Safari 26 or later, or Firefox 141 or later on Windows and 145 or later on a Mac. " +
  "On Linux, Chrome may want it switched on at chrome://flags/#enable-unsafe-webgpu.";

const TITLES: Readonly<Record<FailureCause, string>> = {
  aborted: "Stopped",
  noWebGpu: "This browser has no WebGPU",
  noGpu: "The GPU refused",
  gpuLost: "The GPU went away",
  notFinite: "The loss ran away",
  badFile: "That file could not be used",
  badValue: "That cannot be done",
  diskFull: "The disk is full",
  noModel: "No model yet",
  workerGone: "The training's worker is gone",
  other: "Something went wrong",
};

/** Shows a notice. */
export function notify(notice: Notice): void {
  notices.value = [...notices.value.filter(({ about }) => about !== notice.about), notice];
}

/** Removes the notice about `about`. */
export function dismiss(about: string): void {
  if (notices.value.some((notice) => notice.about === about)) {
    notices.value = notices.value.filter((notice) => notice.about !== about);
  }
}

/** Shows an error, unless the request was aborted on purpose. */
export function notifyFailure(about: string, error: unknown): void {
  const cause = error instanceof WorkerFailure ? error.cause : "other";
  if (cause === "aborted") return;
  notify({ about, title: TITLES[cause], text: error instanceof Error ? error.message : String(error) });
}
