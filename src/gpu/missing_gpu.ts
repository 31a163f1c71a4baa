/** What to do about a missing GPU. Loaded when there is none. */
import { DeviceError } from "../core/errors.ts";

/** The error of a page that was not loaded over https. */
export function insecure(): DeviceError {
  return new DeviceError(
    "this page is not secure, and browsers provide WebGPU (navigator.gpu) to secure pages only: serve it over " +
      "https or from localhost",
    { reason: "insecure" },
  );
}

/** The error of a runtime without WebGPU: how to get it there. */
export function withoutWebGpu(): DeviceError {
  const where = isNode()
    ? 'In Node, write `import "sluice/node"` first (it needs the npm package "webgpu").'
    : "Use a browser that has it: Chrome or Edge 113+, Safari 26+, Firefox 141+ (Windows) or 145+ (macOS).";
  return new DeviceError(`WebGPU is missing: expected navigator.gpu. ${where}`, { reason: "missing" });
}

/** The error where no driver gives an adapter: what to install, or what a page's visitor can do. */
export function withoutAdapter(): DeviceError {
  const what =
    isNode() || "Deno" in globalThis
      ? "expected a graphics driver with Vulkan, Metal or Direct3D 12. On Linux without a GPU install a software " +
        "driver (Debian: apt-get install mesa-vulkan-drivers libvulkan1)."
      : "turn on hardware acceleration in the browser's settings, and update the browser and the graphics driver; " +
        "chrome://gpu or about:support says why the adapter was refused.";
  return new DeviceError(`WebGPU is available but found no adapter: ${what}`, { reason: "no-adapter" });
}

const isNode = () => "process" in globalThis && !("Deno" in globalThis);
