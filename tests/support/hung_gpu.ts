/** A GPU that does its work, and says so late. */
import type { Device } from "../../src/index.ts";

/** Holds back what a device's GPU answers. */
export interface HeldGpu {
  /** From now on nothing that is awaited of the GPU settles. */
  hold(): void;
  /** The GPU answers again, also what it was asked meanwhile. */
  release(): void;
}

/** Prepares a device that was just opened: buffers that it has already are not held back. */
export function holdableGpu({ gpu }: Device): HeldGpu {
  const { queue } = gpu;
  const { createBuffer } = gpu;
  const done = queue.onSubmittedWorkDone;
  let released = Promise.resolve();
  let release = () => {};
  gpu.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(gpu, descriptor);
    const { mapAsync } = buffer;
    buffer.mapAsync = async (...args) => {
      await released;
      // By now the buffer may be destroyed.
      gpu.pushErrorScope("validation");
      const mapped = mapAsync.apply(buffer, args);
      gpu.popErrorScope().catch(() => undefined);
      return mapped;
    };
    return buffer;
  };
  queue.onSubmittedWorkDone = async () => {
    await released;
    return done.call(queue);
  };
  return {
    hold() {
      released = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => release(),
  };
}
