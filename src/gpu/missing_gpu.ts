/** Errors that explain why there is no GPU and what to do. This file is loaded only when there is none. */
import { DeviceError } from "../core/errors.ts";

/** The error for a page that is not a secure context. */
export function insecure(): DeviceError {
  return new DeviceError(
    "this page is not secure, and browsers provide WebGPU (navigator.gpu) to secure pages only: serve it over " +
      "https or from localhost",
    { reason: "insecure" },
  );
}

/** The error for a runtime without WebGPU: it says how to get it. */
export function withoutWebGpu(): DeviceError {
  const where = isNode()
    ? 'In Node, write `import "sluice/node"` first (it needs the npm package "webgpu").'
    : "Use a browser that has it: Chrome or Edge 113+, Safari 26+, Firefox 141+ (Windows) or 145+ (macOS).";
  return new DeviceError(`WebGPU is missing: expected navigator.gpu. ${where}`, { reason: "missing" });
}

/** The error when no adapter is available: it says what to install, or what a page's visitor can do. */
export function withoutAdapter(): DeviceError {
  const what =
    isNode() || "Deno" in globalThis
      ? "expected a graphics driver with Vulkan, Metal or Direct3D 12. On Linux without a GPU install a software " +
        "driver (Debian: apt-get install mesa-vulkan-drivers libvulkan1)."
      : "turn on hardware acceleration in the browser's settings, and update the browser and the graphics driver; " +
        "chrome://gpu or about:support says why there is no adapter.";
  return new DeviceError(`WebGPU is available but found no adapter: ${what}`, { reason: "no-adapter" });
}

const isNode = () => "process" in globalThis && !("Deno" in globalThis);
