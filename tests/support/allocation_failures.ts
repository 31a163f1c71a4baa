/** A GPU that has no memory for one buffer of many. */
import type { Device } from "../../src/index.ts";

/** What an injected failure came to. */
export interface Injection {
  /** Buffers that were asked for. */
  readonly asked: number;
  /** Puts the methods back. */
  end(): void;
}

/**
 * The n-th buffer that is asked of the GPUDevice from now on cannot be had: what comes is a buffer that is no use, as
 * WebGPU gives one, and the out-of-memory scope around it has the error.
 */
export function failNthBuffer({ gpu }: Device, n: number): Injection {
  const { createBuffer, popErrorScope } = gpu;
  let asked = 0;
  let isFailing = false;
  gpu.createBuffer = (descriptor) => {
    asked++;
    if (asked !== n) return createBuffer.call(gpu, descriptor);
    isFailing = true;
    gpu.pushErrorScope("validation");
    const useless = createBuffer.call(gpu, { ...descriptor, usage: 0 });
    popErrorScope.call(gpu).catch(() => undefined);
    return useless;
  };
  gpu.popErrorScope = () => {
    const scope = popErrorScope.call(gpu);
    if (!isFailing) return scope;
    isFailing = false;
    return scope.then(() => ({ message: "injected" }) as GPUError);
  };
  return {
    get asked() {
      return asked;
    },
    end() {
      gpu.createBuffer = createBuffer;
      gpu.popErrorScope = popErrorScope;
    },
  };
}
