/** Error scopes, which separate errors of Sluice's own work from those of an app that uses the same GPUDevice. */

const KINDS = ["validation", "internal", "out-of-memory"] as const satisfies readonly GPUErrorFilter[];

/**
 * Runs `work` inside error scopes. It must be synchronous, because scopes are a stack that all users of the device
 * share.
 * @param report receives a promise of the first error that the GPU reports for this work, or null
 */
export function inErrorScopes<T>(gpu: GPUDevice, work: () => T, report: (error: Promise<GPUError | null>) => void): T {
  for (const kind of KINDS) gpu.pushErrorScope(kind);
  try {
    return work();
  } finally {
    const error = Promise.all(KINDS.map(() => gpu.popErrorScope())).then((errors) => errors.find(Boolean) ?? null);
    // On a lost device this rejects. If `work` threw, its own error is reported.
    error.catch(() => undefined);
    report(error);
  }
}
