/** Watches whether the GPU is available, missing or lost. */
import { BROWSERS, dismiss, notify, notifyFailure } from "./notices.ts";
import { gpu } from "./state.ts";
import { ask } from "./worker_client.ts";

/** Callbacks of `openGpu`. */
export interface GpuListeners {
  /** Called when the GPU is available for the first time. */
  readonly onReady: () => void;
  readonly onMissing: () => void;
}

/** Opens the GPU in the worker, and tracks losses and recoveries. */
export function openGpu({ onReady, onMissing }: GpuListeners): void {
  let isFirst = true;
  if (!("gpu" in navigator)) {
    gpu.value = { kind: "missing" };
    notify({
      about: "gpu",
      title: "This browser has no WebGPU",
      text: isSecureContext
        ? `This page computes with WebGPU, which this browser does not have. These do: ${BROWSERS}`
        : "Browsers give WebGPU only to secure pages: open this one by https, or from localhost.",
    });
    onMissing();
    return;
  }
  ask(
    "watchGpu",
    {},
    {
      onEvent: (event) => {
        if (event.kind === "ready") {
          gpu.value = event;
          dismiss("gpu");
          if (isFirst) onReady();
          isFirst = false;
        } else {
          gpu.value = { kind: "lost" };
          notify({
            about: "gpu",
            title: "The GPU went away",
            text:
              "The driver or the browser took it from this page: it may have been updated, reset, or short of " +
              "memory. The page asks for it again.",
          });
        }
      },
    },
  ).catch((error: unknown) => {
    gpu.value = { kind: "missing" };
    notifyFailure("gpu", error);
    if (isFirst) onMissing();
  });
}
