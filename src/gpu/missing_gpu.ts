/** What to do about a missing GPU. Loaded when there is none. */
import { DeviceError } from "../core/errors.ts";

/** The error of a runtime without WebGPU: how to get it there. */
export function withoutWebGpu(): DeviceError {
  return new DeviceError(`WebGPU is missing: ${whereToFindWebGpu()}`);
}

/** The error where no driver gives an adapter: what to install. */
export function withoutAdapter(): DeviceError {
  return new DeviceError(
    "WebGPU is available but found no adapter: expected a graphics driver with Vulkan, Metal or Direct3D 12. " +
      "On Linux without a GPU install a software driver (Debian: apt-get install mesa-vulkan-drivers libvulkan1); " +
      "in a browser see its chrome://gpu or about:support page for why it was refused.",
  );
}

function whereToFindWebGpu(): string {
  if ("process" in globalThis && !("Deno" in globalThis)) {
    return 'expected navigator.gpu. In Node, write `import "sluice/node"` first (it needs the npm package "webgpu").';
  }
  if ("isSecureContext" in globalThis && globalThis.isSecureContext === false) {
    return (
      "expected navigator.gpu, which browsers provide to secure pages only: serve this page over https or from " +
      "localhost."
    );
  }
  return (
    "expected navigator.gpu. Use a browser that has it: Chrome or Edge 113+, Safari 26+, Firefox 141+ (Windows) " +
    "or 145+ (macOS)."
  );
}
