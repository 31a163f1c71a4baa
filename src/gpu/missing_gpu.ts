/** What to do about a missing GPU, for an error. Loaded when there is none. */

/** How to get WebGPU in this runtime. */
export function withoutWebGpu(): string {
  return `WebGPU is missing: ${whereToFindWebGpu()}`;
}

/** What to install where no driver gives an adapter. */
export function withoutAdapter(): string {
  return (
    "WebGPU is available but found no adapter: expected a graphics driver with Vulkan, Metal or Direct3D 12. " +
    "On Linux without a GPU install a software driver (Debian: apt-get install mesa-vulkan-drivers libvulkan1); " +
    "in a browser see its chrome://gpu or about:support page for why it was refused."
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
