/** What went wrong, in words. */
import type { FromWorker } from "./protocol.ts";

type Failure = Pick<Extract<FromWorker, { kind: "failed" }>, "during" | "cause" | "message">;

const BROWSERS =
  "It needs one that has it: Chrome or Edge 113 or later, Safari 26 or later, or Firefox 141 or later on Windows and 145 or later on a Mac. " +
  "On Linux, Chrome may want it switched on at chrome://flags/#enable-unsafe-webgpu.";

function titleOf({ during, cause }: Failure): string {
  if (cause === "gpuLost") return "The GPU went away";
  if (cause === "notFinite") return "The loss ran away";
  if (during === "open") return cause === "other" ? "The page could not start" : "No GPU to train on";
  return during === "train" ? "The training stopped" : "The verdict failed";
}

function textOf({ during, cause, message }: Failure): string {
  if (cause === "gpuLost") return `${message} Load the page again to go on.`;
  if (cause === "noWebGpu") {
    return isSecureContext
      ? `This browser has no WebGPU, which this page trains with. ${BROWSERS}`
      : "Browsers give WebGPU only to secure pages: open this one by https, or from localhost.";
  }
  const isMissing = during === "open" && cause === "noGpu" && !message.includes("Chrome");
  return isMissing ? `${message} ${BROWSERS}` : message;
}

function find(id: string): HTMLElement | null {
  return document.getElementById(id);
}

export function showProblem(failure: Failure): void {
  const [panel, title, text] = [find("problem"), find("problem-title"), find("problem-text")];
  if (panel === null || title === null || text === null) return;
  title.textContent = titleOf(failure);
  text.textContent = textOf(failure);
  panel.hidden = false;
}

export function clearProblem(): void {
  const panel = find("problem");
  if (panel !== null) panel.hidden = true;
}
